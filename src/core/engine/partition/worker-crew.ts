/** The worker processes of a partitioned step: started, watched, replaced when they die, ended with the step. */
import { setTimeout as sleep } from 'node:timers/promises'
import { BatchError } from '../../model/batch-error.ts'
import { thrownText } from '../../model/error-description.ts'
import type { WorkerProcess, WorkerProcesses } from '../../ports/worker-processes.ts'
import { type Crew, type CrewAtWork, type Member, retire } from './crew.ts'
import { endAll, killWhereLate, PATIENCE_MILLISECONDS, startWorker, stopMember } from './crew-member.ts'
import { watchLeases } from './watch-leases.ts'

/** A place whose workers die so often before they have begun anything is given up. */
const FRUITLESS_STARTS = 3
/** Before the next start after one that was fruitless, and twice that after two: a database that restarts is back by then. */
const PAUSE_MILLISECONDS = 1_000

/**
 * A worker that dies is given up at once, one that is silent for a lease when that has run out: its partitions are open
 * again, and a new process takes its place. Resolves when no partition is open, or the run is to end.
 * @throws BatchError WORKER_FAILED when processes cannot be had, LEASE_LOST when the execution is somebody else's
 */
export async function runWorkerProcesses(crew: Crew): Promise<void> {
  const members = new Set<Member>()
  const atWork = { ...crew, processes: processesOf(crew), members }
  const failure = new AbortController()
  const fallSilent = passOnSignals(crew, members)
  const watching = watchLeases(crew, members, failure.signal)
  try {
    await fillPlaces(atWork)
  } finally {
    failure.abort()
    fallSilent()
    await watching
    await endAll(members)
  }
}

/** Tells the processes of a stop, an abort and a drain. Answers how that is ended. */
function passOnSignals({ job, draining }: Crew, members: ReadonlySet<Member>): () => void {
  const { stop, abort } = job.control
  const each = (tell: (process: WorkerProcess) => void) => members.forEach((member) => tell(member.process))
  const onStop = () => members.forEach((member) => stopMember(member, thrownText(stop.reason)))
  const onAbort = () => {
    each((process) => process.abort(thrownText(abort.reason)))
    setTimeout(() => each((process) => process.kill()), PATIENCE_MILLISECONDS).unref()
  }
  const onDrain = () => each((process) => process.drain())
  const heard = [
    [stop, onStop],
    [abort, onAbort],
    [draining.signal, onDrain],
  ] as const
  for (const [signal, listener] of heard) signal.addEventListener('abort', listener)
  return () => heard.forEach(([signal, listener]) => signal.removeEventListener('abort', listener))
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
    const callOff = killWhereLate(crew, member)
    const end = await Promise.race([member.process.ended, member.lost])
    callOff()
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

/** Over at once when the run is to end. */
function pause({ job, draining }: CrewAtWork, milliseconds: number): Promise<void> {
  const signal = AbortSignal.any([job.control.stop, draining.signal])
  return sleep(milliseconds, undefined, { signal }).catch(() => {})
}

function isEnding({ job, draining }: CrewAtWork): boolean {
  return job.control.stop.aborted || draining.signal.aborted
}

function workerFailed({ stepName }: Crew, reason: string): BatchError {
  return new BatchError(
    'WORKER_FAILED',
    `Step ${stepName}: ${FRUITLESS_STARTS} worker processes in a row ended before they had begun a partition: ${reason}. ` +
      'What they printed says why; a restart goes on with the partitions that are not complete.',
    { details: { stepName, reason } },
  )
}
