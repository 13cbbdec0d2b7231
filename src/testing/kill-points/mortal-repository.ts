/** A job repository that a process reaches only as long as it lives. */
import type { Steps } from '../../core/definition/define-job.ts'
import type { JobRepository } from '../../core/ports/job-repository.ts'
import type { ChunkCommit, StepBegin, StepSession } from '../../core/ports/step-session.ts'
import type { KillMoment, KillSwitch } from './kill-switch.ts'

const MOMENTS: Readonly<Record<string, KillMoment>> = {
  launch: 'launch',
  startJobExecution: 'start',
  beginStep: 'begin',
  endJobExecution: 'job end',
}

/** They change nothing, or come at any time: a kill there shows nothing new. */
const WITHOUT_POINTS = /^(find|list|heartbeat|close)/

/** Whatever else a repository can do has its points too, named by the method. */
export function mortalRepository(life: KillSwitch, steps: Steps, repository: JobRepository): JobRepository {
  const threadless = withoutThread(repository)
  return {
    ...mortalMethods(life, steps, threadless),
    partitions: mortalMethods(life, steps, threadless.partitions),
    quarantine: mortalMethods(life, steps, repository.quarantine),
  }
}

/** A thread of this process would outlive the one that is played. */
function withoutThread(repository: JobRepository): JobRepository {
  const { keepBeating: _, ...others } = repository
  const { keepWorkerBeating: __, ...partitions } = repository.partitions
  return { ...others, partitions }
}

function mortalMethods<R extends object>(life: KillSwitch, steps: Steps, methods: R): R {
  const mortal = Object.entries(methods).map(([name, member]: [string, unknown]) =>
    typeof member === 'function' && name !== 'transactionHas'
      ? [name, mortalMethod(life, steps, name, member as Method)]
      : [name, member],
  )
  return Object.fromEntries(mortal) as R
}

type Method = (...facts: unknown[]) => unknown

function mortalMethod(life: KillSwitch, steps: Steps, name: string, method: Method): Method {
  const call = (...facts: unknown[]): Promise<unknown> => life.whileAlive(async () => method(...facts))
  if (WITHOUT_POINTS.test(name)) return call
  const moment = MOMENTS[name] ?? 'repository'
  return async (...facts) => {
    const where = whereOf(moment, name, facts)
    life.pass(`before ${moment}`, where)
    const answer = await call(...facts)
    life.pass(`after ${moment}`, where)
    return withMortalSession(life, steps, answer)
  }
}

function whereOf(moment: KillMoment, method: string, facts: readonly unknown[]): string {
  if (moment === 'begin') return `step ${(facts[1] as StepBegin).stepName}`
  return moment === 'repository' ? `job, ${method}` : 'job'
}

/** A session, or what holds one. */
function withMortalSession(life: KillSwitch, steps: Steps, answer: unknown): unknown {
  if (isSession(answer)) return mortalSession(life, steps, answer)
  const { session } = (answer ?? {}) as { readonly session?: unknown }
  return isSession(session) ? { ...(answer as object), session: mortalSession(life, steps, session) } : answer
}

function isSession(answer: unknown): answer is StepSession {
  return typeof answer === 'object' && answer !== null && 'commit' in answer && 'stepExecution' in answer
}

/** A dead process's session is closed when its connections are gone, not by the process. */
function mortalSession(life: KillSwitch, steps: Steps, session: StepSession): StepSession {
  const { stepName } = session.stepExecution
  const step = `step ${stepName}`
  const isTasklet = steps[stepName]?.kind === 'tasklet'
  life.commits.set(stepName, 0)
  return {
    ...session,
    commit: async (chunk) => {
      const number = (life.commits.get(stepName) ?? 0) + 1
      const where = `${step}, ${isTasklet ? 'turn' : 'chunk'} ${number}`
      if (!isTasklet) life.pass('after process', where)
      const answer = await life.whileAlive(() => session.commit(mortalChunk(life, where, chunk)))
      life.commits.set(stepName, number)
      life.pass('after commit', where)
      return answer
    },
    end: async (end) => {
      life.pass('before step end', step)
      await life.whileAlive(() => session.end(end))
      life.pass('after step end', step)
    },
    close: async () => {
      if (life.diedAt() === undefined) return session.close()
      life.sessions.push(() => session.close())
    },
  }
}

/** The last moment before a commit is when the step's progress is known and not yet written. */
function mortalChunk(life: KillSwitch, where: string, chunk: ChunkCommit): ChunkCommit {
  return {
    ...chunk,
    work: (transaction) => life.whileAlive(() => chunk.work(transaction)),
    progress: () => {
      life.assertAlive()
      const progress = chunk.progress()
      life.pass('before commit', where)
      return progress
    },
  }
}
