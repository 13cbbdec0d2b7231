/** How an execution ended. */
import type { JobExecutionDetails } from '../model/job-execution.ts'

/** A failed job is an outcome, not an exception. */
export interface RunOutcome {
  readonly execution: JobExecutionDetails
  /** What made it fail, or stop: the error itself, where the execution keeps only its description. */
  readonly error: unknown
}
