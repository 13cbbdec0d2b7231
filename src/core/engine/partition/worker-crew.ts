/** The worker processes of a partitioned step: started, watched, replaced when they die, ended with the step. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PartitionedStepDefinition } from '../../definition/step-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import { thrownText } from '../../model/error-description.ts'
import type { Retired, Retirement } from '../../ports/partition-store.ts'
import type { WorkerProcess, WorkerProcesses } from '../../ports/worker-processes.ts'
import type { Logger } from '../../ports/logger.ts'
import type { JobRun } from '../job-run.ts'
import type { PartitionWatch } from './partition-tally.ts'

export interface Crew {
  readonly job: JobRun
  /** Bound to the step. */
  readonly logger: Logger
  readonly stepName: string
  readonly planId: string
  readonly definition: PartitionedStepDefinition
  readonly watch: PartitionWatch
  /** How many partitions are open: there are never more processes than that. */
  readonly open: number
  /** Aborted when no further partition is to be begun, by processes that take the place of others either. */
  readonly draining: AbortController
}

/** A partition that has taken so many workers along is left FAILED: the next would die of it too. */
const ATTEMPTS = 3
/** A place whose workers die so often before they have begun anything is given up. */
const FRUITLESS_STARTS = 3
/** Before the next start after one that was fruitless, and twice that after two: a database that restarts is back by then. */
const PAUSE_MILLISECONDS = 1_000
/** One that has not registered by then never will: it waits for something while it loads the project. */
const BEGIN_MILLISECONDS = 60_000
/** How long workers that were told to give up may take, before they are killed. */
const PATIENCE_MILLISECONDS = 5_000

interface CrewAtWork extends Crew {
  readonly processes: WorkerProcesses
  readonly members: Set<Member>
}

interface Member {
  readonly process: WorkerProcess
  /** Resolves when its lease has run out, with the partitions that were taken from it. */
  readonly lost: Promise<void>
  readonly giveUp: () => void
  workerId: string | undefined
  hasWorked: boolean
}

/**
 * A worker that dies is given up at once, one that is silent for a lease when that has run out: its partitions are open
 * again, and a new process takes its place. Resolves when no partition is open, or the run is to end.
 * @throws BatchError WORKER_FAILED when processes cannot be had, LEASE_LOST when the execution is somebody else's
 */
export async function runWorkerProcesses(crew: Crew): Promise<void> {
  const { draining } = crew
  const { control } = crew.job
  const members = new Set<Member>()
  const atWork = { ...crew, processes: processesOf(crew), members }
  const failure = new AbortController()
  const each = (tell: (process: WorkerProcess) => void) => members.forEach((member) => tell(member.process))
  const stop = () => members.forEach((member) => stopMember(member, thrownText(control.stop.reason)))
  const abort = () => {
    each((process) => process.abort(thrownText(control.abort.reason)))
    setTimeout(() => each((process) => process.kill()), PATIENCE_MILLISECONDS).unref()
  }
  const drain = () => each((process) => process.drain())
  draining.signal.addEventListener('abort', drain)
  control.stop.addEventListener('abort', stop)
  control.abort.addEventListener('abort', abort)
  const watching = watchLeases(crew, members, failure.signal)
  try {
    await fillPlaces(atWork)
  } finally {
    failure.abort()
    draining.signal.removeEventListener('abort', drain)
    control.stop.removeEventListener('abort', stop)
    control.abort.removeEventListener('abort', abort)
    await watching
    await endAll(members)
  }
}

function processesOf({ job, stepName, definition }: Crew): WorkerProcesses {
  const { workerProcesses, repository } = job
  const wanted = `Step ${stepName} wants ${definition.options.processes} worker processes, but`
  const advice = 'or leave `processes` out, and its partitions are worked on in this process.'
  if (repository.partitions.reach === 'this-process')
    throw new BatchError(
      'INVALID_CONFIGURATION',
      `${wanted} ${repository.description} cannot be reached from another process. Run it on Postgres, ${advice}`,
      { details: { stepName } },
    )
  if (workerProcesses === undefined)
    throw new BatchError(
      'INVALID_CONFIGURATION',
      `${wanted} createBatch was not told which module they load. Give it workers: { module: … }, ${advice}`,
      { details: { stepName } },
    )
  return workerProcesses
}

/** Places are filled until nothing is open: a partition may come open again when the last of them has just found none. */
async function fillPlaces(crew: CrewAtWork): Promise<void> {
  const { concurrency, processes: wanted } = crew.definition.options
  for (let open = crew.open; open > 0 && !isEnding(crew);) {
    const count = Math.min(wanted, open)
    const shares = Array.from({ length: count }, (_, place) => share(concurrency, wanted, place))
    const places = await Promise.allSettled(shares.map((one) => keepPlace(crew, one)))
    const failed = places.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    crew.job.control.abort.throwIfAborted()
    open = (await retire(crew, 'expired', 'its worker was given up')).reopened
  }
}

/** 7 partitions at a time by 3 processes: 3, 2 and 2. */
function share(concurrency: number, places: number, place: number): number {
  return Math.floor(concurrency / places) + (place < concurrency % places ? 1 : 0)
}

/** One process after the other, until one has found nothing more to do. */
async function keepPlace(crew: CrewAtWork, concurrency: number): Promise<void> {
  for (let fruitless = 0; !isEnding(crew);) {
    const member = startWorker(crew, concurrency)
    const late = setTimeout(() => giveUpLoading(crew, member), BEGIN_MILLISECONDS)
    const end = await Promise.race([member.process.ended, member.lost])
    clearTimeout(late)
    if (end === undefined) continue // its partitions were taken from it already; it is ended with the step
    crew.members.delete(member)
    const reason = end.kind === 'died' ? end.reason : 'its worker has ended'
    const reopened =
      member.workerId === undefined ? 0 : (await retire(crew, { workerId: member.workerId }, reason)).reopened
    if (end.kind === 'finished' && reopened === 0) return
    if (end.kind === 'died') crew.logger.warn(`${reason}; ${reopened} of its partitions are open again`)
    fruitless = member.hasWorked ? 0 : fruitless + 1
    if (fruitless === FRUITLESS_STARTS) throw workerFailed(crew, reason)
    if (fruitless > 0) await pause(crew, fruitless * PAUSE_MILLISECONDS)
  }
}

function giveUpLoading({ logger }: Crew, { workerId, process }: Member): void {
  if (workerId !== undefined) return
  const seconds = BEGIN_MILLISECONDS / 1_000
  logger.warn(
    `worker process ${process.pid} has not begun after ${seconds} s: its module may wait for something`,
  )
  process.kill()
}

/** Over at once when the run is to end. */
function pause({ job, draining }: CrewAtWork, milliseconds: number): Promise<void> {
  const signal = AbortSignal.any([job.control.stop, draining.signal])
  return sleep(milliseconds, undefined, { signal }).catch(() => {})
}

/** One that is still loading has nothing to finish, and may never come to hear of it. */
function stopMember({ workerId, process }: Member, reason: string): void {
  if (workerId === undefined) process.kill()
  else process.stop(reason)
}

function isEnding({ job, draining }: CrewAtWork): boolean {
  return job.control.stop.aborted || draining.signal.aborted
}

function startWorker(crew: CrewAtWork, concurrency: number): Member {
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

/** Judged by the repository's clock; a frozen worker holds its open transaction no longer than this. */
async function watchLeases(crew: Crew, members: ReadonlySet<Member>, end: AbortSignal): Promise<void> {
  const { logger } = crew
  const { leaseMilliseconds } = crew.job
  while (!end.aborted) {
    await sleep(leaseMilliseconds / 3, undefined, { signal: end }).catch(() => {})
    if (end.aborted) return
    try {
      const { workerIds } = await retire(crew, 'expired', 'the lease of its worker has run out')
      for (const member of members) {
        if (member.workerId === undefined || !workerIds.includes(member.workerId)) continue
        logger.warn(`worker process ${member.process.pid} was silent for a whole lease and is given up`)
        member.giveUp()
      }
    } catch (error) {
      logger.warn({ err: error }, 'the leases of the workers could not be looked at; it is tried again')
    }
  }
}

function retire({ job, planId }: Crew, workers: Retirement['workers'], reason: string): Promise<Retired> {
  const retirement = { planId, workers, reason, attempts: ATTEMPTS }
  return job.repository.partitions.retireWorkers(job.launched.claim, retirement)
}

/** Those that are still there have been given up, or the run failed: nobody needs what they do. */
async function endAll(members: ReadonlySet<Member>): Promise<void> {
  if (members.size === 0) return
  for (const { process } of members) process.abort('the step has ended')
  const ended = Promise.all([...members].map(({ process }) => process.ended))
  await Promise.race([ended, sleep(PATIENCE_MILLISECONDS, undefined, { ref: false })])
  for (const { process } of members) process.kill()
  await ended
}

function workerFailed({ stepName }: Crew, reason: string): BatchError {
  return new BatchError(
    'WORKER_FAILED',
    `Step ${stepName}: ${FRUITLESS_STARTS} worker processes in a row ended before they had begun a partition: ${reason}. ` +
      'What they printed says why; a restart goes on with the partitions that are not complete.',
    { details: { stepName, reason } },
  )
}
