/** The two ways in which a run is ended from outside, as signals. */
import type { BatchStatus } from '../model/batch-status.ts'
import { type ExitStatus, exitStatus } from '../model/exit-status.ts'

/** A request in the repository, SIGTERM and a caller's signal all end in one of the two. */
export interface RunControl {
  /** Finish the open chunk, then end as STOPPED. Also aborted by an abort. */
  readonly stop: AbortSignal
  /** Give up now: the open chunk is rolled back, the execution FAILED, or STOPPED where its reason is a {@link StopRequested}. */
  readonly abort: AbortSignal
  /** Repeated requests change nothing: the first reason stands. */
  readonly requestStop: (reason: string) => void
  readonly requestAbort: (reason: Error) => void
  /** As an abort, but that the execution ends as STOPPED. */
  readonly requestStopNow: (reason: string) => void
}

export function createRunControl(): RunControl {
  const stop = new AbortController()
  const abort = new AbortController()
  const requestAbort = (reason: Error) => {
    stop.abort(reason)
    abort.abort(reason)
  }
  return {
    stop: stop.signal,
    abort: abort.signal,
    requestStop: (reason) => stop.abort(new StopRequested(reason)),
    requestAbort,
    requestStopNow: (reason) => requestAbort(new StopRequested(reason)),
  }
}

/** The reason of a stop signal: an ending that was asked for, not a failure. */
export class StopRequested extends Error {
  override readonly name = 'StopRequested'
}

/** Whether this error comes of a stop that could not wait for the open chunk. */
export function isStopNow({ abort }: RunControl, error: unknown): boolean {
  return abort.reason instanceof StopRequested && isAbortion(error, abort)
}

/** What libraries throw when their signal is aborted: its reason, or an AbortError, perhaps wrapped. */
export function isAbortion(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason) return true
  if (!(error instanceof Error)) return false
  return error.name === 'AbortError' || isAbortion(error.cause, signal)
}

/** The ending of what was stopped, with the reason that was given first; that of a stop at once comes before it. */
export function stoppedExitStatus({ stop, abort }: RunControl): ExitStatus {
  const reason: unknown = abort.aborted ? abort.reason : stop.reason
  return exitStatus('STOPPED', reason instanceof Error ? reason.message : '')
}

/** STOPPING is our own request; Spring's operator writes STOPPED. Either way the execution is no longer to go on. */
export function heedStopRequest({ requestStop }: RunControl, jobStatus: BatchStatus): void {
  if (jobStatus !== 'STARTED' && jobStatus !== 'STARTING') requestStop(`the job execution is ${jobStatus}`)
}
