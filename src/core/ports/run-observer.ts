/** Watches a run from outside: progress bars, metrics. It is told, never asked, and cannot change anything. */
import type { JobExecution } from '../model/job-execution.ts'
import type { StepExecution } from '../model/step-execution.ts'
import type { ReadProgress } from './item-reader.ts'

export interface RunObserver {
  readonly jobStarted?: (execution: JobExecution, stepNames: readonly string[]) => void
  readonly stepStarted?: (execution: StepExecution) => void
  /** After each commit, with the counts as committed. */
  readonly stepProgressed?: (execution: StepExecution, progress: ReadProgress | undefined) => void
  /**
   * Of a chunk-oriented step, after each chunk. A partition's chunk is told with the execution of the step that is partitioned;
   * those of worker processes a little later, one by one all the same.
   */
  readonly chunkCommitted?: (execution: StepExecution, chunk: CommittedChunk) => void
  readonly stepEnded?: (execution: StepExecution) => void
  /** The step was completed by an earlier execution, or abandoned, and is not run again. */
  readonly stepSkipped?: (execution: StepExecution) => void
  readonly jobEnded?: (execution: JobExecution) => void
  /** In the place of `jobEnded`: the run is over, and its end could not be recorded. Somebody else recovers the execution. */
  readonly jobLost?: (execution: JobExecution, error: unknown) => void
}

export interface CommittedChunk {
  /** From the begin of its reading to its commit, also what it waited for the chunk before. */
  readonly milliseconds: number
}

/** The names of all that an observer may be told of. */
export const RUN_EVENTS: readonly (keyof RunObserver)[] = Object.keys({
  jobStarted: true,
  stepStarted: true,
  stepProgressed: true,
  chunkCommitted: true,
  stepEnded: true,
  stepSkipped: true,
  jobEnded: true,
  jobLost: true,
} satisfies Record<keyof RunObserver, true>) as (keyof RunObserver)[]
