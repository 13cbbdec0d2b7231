/** The end of a run that was told to give up and does not come back: its execution is closed over its head. */
import { setTimeout as wait } from 'node:timers/promises'
import { isBatchError } from '../model/batch-error.ts'
import { isLive } from '../model/batch-status.ts'
import { describeError } from '../model/error-description.ts'
import type { JobExecutionDetails } from '../model/job-execution.ts'
import type { ExecutionAtHand, RetireVerdict } from '../ports/retirement.ts'
import { attempt } from './first-error.ts'
import type { JobRun } from './job-run.ts'
import type { RunOutcome } from './run-outcome.ts'
import { StopRequested } from './run-control.ts'

/** For callbacks that heed their signal, and for the rollback. A command that is killed two seconds later is done by then. */
const PATIENCE_MILLISECONDS = 1_000

/**
 * What `work` answers; or, where an abort is not heeded within a second, the execution as we have closed it. Code of the
 * author's that goes on regardless can commit nothing: the generation was raised, and its session ended.
 * @throws BatchError LEASE_LOST, REPOSITORY_UNAVAILABLE when the end could not be recorded
 */
export async function orGivenUp(run: JobRun, work: Promise<RunOutcome>): Promise<RunOutcome> {
  const over = new AbortController()
  work.catch(() => {}) // nobody waits for it once we have given up
  try {
    return await Promise.race([work, afterPatience(run, over.signal)])
  } finally {
    over.abort()
  }
}

/** Never settles for a run that ends by itself. */
async function afterPatience(run: JobRun, over: AbortSignal): Promise<RunOutcome> {
  const { abort } = run.control
  await new Promise<void>((resolve) => {
    if (abort.aborted) resolve()
    else abort.addEventListener('abort', () => resolve(), { once: true, signal: over })
  })
  await wait(PATIENCE_MILLISECONDS, undefined, { ref: true, signal: over }).catch(() => undefined)
  if (over.aborted) return never()
  const reason: unknown = abort.reason
  if (isBatchError(reason, 'LEASE_LOST')) throw reason
  return (await closed(run, reason)) ?? never()
}

/** One of its own each time: whoever waits for it is forgotten with it. */
function never(): Promise<never> {
  return new Promise(() => {})
}

/** Undefined when it was ended by the run after all, which then answers by itself, or taken over, which the run will notice. */
async function closed(run: JobRun, reason: unknown): Promise<RunOutcome | undefined> {
  const { repository, launched, logger, observer } = run
  const { jobExecutionId } = launched.claim
  logger.warn({ err: reason }, 'the run does not end by itself; its execution is closed')
  const decide = (found: ExecutionAtHand) => decideOwn(run, reason, found)
  if ((await repository.retire({ jobExecutionId, by: null, decide })) !== 'closed') return undefined
  const execution = (await repository.findJobExecution(jobExecutionId)) as JobExecutionDetails
  const scope = { signal: run.control.abort, logger }
  const listeners = run.job.listeners.map((listener) =>
    attempt('afterJob', logger, () => listener.afterJob?.(execution, scope)),
  )
  await Promise.race([Promise.all(listeners), wait(PATIENCE_MILLISECONDS, undefined, { ref: false })])
  observer.jobEnded?.(execution)
  return { execution, error: reason instanceof StopRequested ? undefined : reason }
}

/** Still ours, and not ended: at its end an owner gives its lease up. */
function decideOwn(
  { launched }: JobRun,
  reason: unknown,
  { execution, owner }: ExecutionAtHand,
): RetireVerdict {
  const isOurs = owner?.generation === launched.claim.generation
  if (!isOurs || !(isLive(execution.status) || !owner.leaseExpired)) return { action: 'leave' }
  return reason instanceof StopRequested
    ? { action: 'close', status: 'STOPPED', reason: reason.message }
    : { action: 'close', status: 'FAILED', reason: describeError(reason) }
}
