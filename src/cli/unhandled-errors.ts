/** An error that nobody handles, most often a promise that a job does not await, ends the run as FAILED. */
import type { StartedJob } from '../core/operator/started-job.ts'
import { authorsPlace } from '../process/authors-place.ts'

export interface UnhandledErrors {
  /** From now on such an error gives up this run, so that it is recorded; before, it ends the process. */
  readonly giveUp: (run: Pick<StartedJob, 'abort'>) => void
}

/**
 * Watches until the process ends: what breaks in the clean-up after a run is told, but an abort is then too late to
 * change how the run ended, or the exit code.
 */
export function watchUnhandledErrors(tell: (line: string) => void): UnhandledErrors {
  let run: Pick<StartedJob, 'abort'> | undefined
  process.on('uncaughtException', (error: unknown) => {
    tell(`error: an error that nobody handles: ${errorWithPlace(error)}`)
    if (run === undefined) process.exit(1)
    run.abort(`an error that nobody handles: ${String(error)}`)
  })
  return {
    giveUp: (started) => {
      run = started
    },
  }
}

/** With the author's line; where there is none in the stack, with all of it. */
export function errorWithPlace(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const place = authorsPlace(error)
  return place === undefined ? `${String(error)}\n${error.stack}` : `${String(error)}\n  at ${place}`
}
