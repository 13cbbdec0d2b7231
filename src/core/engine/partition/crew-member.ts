/** One worker process of a partitioned step: how it is started, told to stop, and ended. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Crew, CrewAtWork, Member } from './crew.ts'

/** One that has not registered by then never will: it waits for something while it loads the project. */
const BEGIN_MILLISECONDS = 60_000
/** How long workers that were told to give up may take, before they are killed. */
export const PATIENCE_MILLISECONDS = 5_000

export function startWorker(crew: CrewAtWork, concurrency: number): Member {
  const { job, stepName, planId, definition, watch, processes, members, draining } = crew
  const { claim, execution } = job.launched
  const { leaseMilliseconds, acceptChanges = false } = job
  let giveUp = () => {}
  const lost = new Promise<void>((resolve) => (giveUp = resolve))
  const jobContext = job.jobContext.values()
  const traceContext = job.spans?.context()
  const assigned = { claim, execution, jobContext, stepName, planId, ...(traceContext && { traceContext }) }
  const assignment = { ...assigned, concurrency, leaseMilliseconds, acceptChanges }
  const process = processes.start(assignment, {
    began: (workerId) => {
      member.workerId = workerId
    },
    progressed: (id, counts) => {
      member.hasWorked = true
      watch.progressed(id, counts)
    },
    chunksCommitted: (chunks) => chunks.forEach(watch.chunkCommitted),
    partitionEnded: (status) => {
      member.hasWorked = true
      watch.ended(status)
      if (status === 'FAILED' && definition.options.failFast) draining.abort()
    },
  })
  const member: Member = { process, lost, giveUp, workerId: undefined, hasWorked: false }
  members.add(member)
  return member
}

/** Kills one that has not begun after a minute. Answers how that is called off. */
export function killWhereLate(crew: Crew, member: Member): () => void {
  const late = setTimeout(() => giveUpLoading(crew, member), BEGIN_MILLISECONDS)
  return () => clearTimeout(late)
}

function giveUpLoading({ logger }: Crew, { workerId, process }: Member): void {
  if (workerId !== undefined) return
  const seconds = BEGIN_MILLISECONDS / 1_000
  logger.warn(
    `worker process ${process.pid} has not begun after ${seconds} s: its module may wait for something`,
  )
  process.kill()
}

/** One that is still loading has nothing to finish, and may never come to hear of it. */
export function stopMember({ workerId, process }: Member, reason: string): void {
  if (workerId === undefined) process.kill()
  else process.stop(reason)
}

/** Those that are still there have been given up, or the run failed: nobody needs what they do. */
export async function endAll(members: ReadonlySet<Member>): Promise<void> {
  if (members.size === 0) return
  for (const { process } of members) process.abort('the step has ended')
  const ended = Promise.all([...members].map(({ process }) => process.ended))
  await Promise.race([ended, sleep(PATIENCE_MILLISECONDS, undefined, { ref: false })])
  for (const { process } of members) process.kill()
  await ended
}
