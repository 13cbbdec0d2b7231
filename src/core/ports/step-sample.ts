/** How far a step had come at moments of its run, for charts and rates. */
import type { ReadProgress } from './item-reader.ts'

/** As of a commit. A step execution begins at its start time with zeros, which is not recorded. */
export interface StepSample {
  readonly at: Date
  readonly readCount: number
  readonly writeCount: number
  readonly filterCount: number
  /** In whatever phase. */
  readonly skipCount: number
  readonly commitCount: number
  readonly rollbackCount: number
  /** How far the reader had read, which is at most a chunk further; null where it does not say. */
  readonly progress: ReadProgress | null
}

/** To be recorded in the transaction of a commit, with the counts that it commits. */
export interface SampleMark {
  /** Higher with each one of a step execution. A number that is there already is left as it is. */
  readonly number: number
  /** Earlier ones whose number is no multiple of it are deleted. 1 keeps all. */
  readonly keepEvery: number
  readonly progress: ReadProgress | null
}
