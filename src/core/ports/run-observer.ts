/** Watches a run from outside: progress bars, metrics. It is told, never asked, and cannot change anything. */
import type { JobExecution } from '../model/job-execution.ts'
import type { StepExecution } from '../model/step-execution.ts'
import type { ReadProgress } from './item-reader.ts'

export interface RunObserver {
  readonly jobStarted?: (execution: JobExecution, stepNames: readonly string[]) => void
  readonly stepStarted?: (execution: StepExecution) => void
  /** After each commit, with the counts as committed. */
  readonly stepProgressed?: (execution: StepExecution, progress: ReadProgress | undefined) => void
  readonly stepEnded?: (execution: StepExecution) => void
  /** The step was completed by an earlier execution, or abandoned, and is not run again. */
  readonly stepSkipped?: (execution: StepExecution) => void
  readonly jobEnded?: (execution: JobExecution) => void
}
