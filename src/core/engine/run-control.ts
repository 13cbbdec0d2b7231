/** The two ways in which a run is ended from outside, as signals. */
import type { BatchStatus } from '../model/batch-status.ts'
import { type ExitStatus, exitStatus } from '../model/exit-status.ts'

/** A request in the repository, SIGTERM and a caller's signal all end in one of the two. */
export interface RunControl {
  /** Finish the open chunk, then end as STOPPED. Also aborted by an abort. */
  readonly stop: AbortSignal
  /** Give up now: the open chunk is rolled back, the execution FAILED. */
  readonly abort: AbortSignal
  /** Repeated requests change nothing: the first reason stands. */
  readonly requestStop: (reason: string) => void
  readonly requestAbort: (reason: Error) => void
}

export function createRunControl(): RunControl {
  const stop = new AbortController()
  const abort = new AbortController()
  return {
    stop: stop.signal,
    abort: abort.signal,
    requestStop: (reason) => stop.abort(new StopRequested(reason)),
    requestAbort: (reason) => {
      stop.abort(reason)
      abort.abort(reason)
    },
  }
}

/** The reason of a stop signal: an ending that was asked for, not a failure. */
export class StopRequested extends Error {
  override readonly name = 'StopRequested'
}

/** The ending of what was stopped, with the reason that was given first. */
export function stoppedExitStatus({ stop }: RunControl): ExitStatus {
  const reason: unknown = stop.reason
  return exitStatus('STOPPED', reason instanceof Error ? reason.message : '')
}

/** STOPPING is our own request; Spring's operator writes STOPPED. Either way the execution is no longer to go on. */
export function heedStopRequest({ requestStop }: RunControl, jobStatus: BatchStatus): void {
  if (jobStatus !== 'STARTED' && jobStatus !== 'STARTING') requestStop(`the job execution is ${jobStatus}`)
}
