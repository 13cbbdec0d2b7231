/** What a dry run found out. */
import type { FaultPhase } from '../../model/quarantined-item.ts'

export interface DryRunReport {
  readonly jobName: string
  /** Where writes were tried and rolled back. */
  readonly repository: string
  /** At most so many records of each reader; null for all of them. */
  readonly sample: number | null
  readonly steps: readonly DryRunStep[]
  /** Whether a record, an item or a step has failed. */
  readonly wouldFail: boolean
  /** Whether it was stopped before it had seen everything. */
  readonly stopped: boolean
}

export type DryRunStep = RehearsedStep | UnrunStep

export interface UnrunStep {
  readonly kind: 'not run'
  readonly name: string
  readonly reason: string
  /** Whether a run would come no further. */
  readonly failed: boolean
}

export interface RehearsedStep {
  readonly kind: 'chunk'
  readonly name: string
  readonly reader: string
  readonly writer: string
  /**
   * `complete`: the reader has come to its end. `sampled`: to the end of the sample. `stopped`: somebody asked for it.
   * `failed`: it could not go on.
   */
  readonly ended: 'complete' | 'sampled' | 'stopped' | 'failed'
  /** Why it could not go on. */
  readonly failure: string | null
  /** Records that could not be made into items are counted with `failedCount` only. */
  readonly readCount: number
  /** Items that the processor made something of. */
  readonly processedCount: number
  readonly filterCount: number
  /** Records and items that a real run could not read, process or write. */
  readonly failedCount: number
  readonly writes: readonly RehearsedWrite[]
  /** What has to be known to read the figures. */
  readonly notes: readonly string[]
  readonly failures: readonly FailureClass[]
  readonly items: Shape
  /** What the writer gets. */
  readonly outputs: Shape
  readonly milliseconds: number
  readonly itemsPerSecond: number
  /** Of the whole input; null where the reader knows no total. */
  readonly estimate: Estimate | null
}

/** `rolled back`: it has written. `not opened`: what it writes cannot be rolled back. `refused`: it could not be opened. */
export interface RehearsedWrite {
  readonly writer: string
  readonly what: 'rolled back' | 'not opened' | 'refused'
  /** Why it could not be opened. */
  readonly reason: string | null
}

/** Failures that are alike: of one phase and one kind of error. */
export interface FailureClass {
  readonly phase: FaultPhase
  /** The code of the error where it has one, else its name. */
  readonly error: string
  readonly count: number
  /** Of the first of them. */
  readonly message: string
  /** Of the first of them: `trades.csv line 812`. */
  readonly positions: readonly string[]
}

export interface Estimate {
  readonly items: number
  readonly milliseconds: number
  /** Between 0 and 1. */
  readonly failedShare: number
}

export interface Shape {
  /** How many were looked at. */
  readonly count: number
  readonly fields: readonly ShapeField[]
}

export interface ShapeField {
  /** `price`, `customer.name`, `legs[].price`; empty for an item that is no object. */
  readonly path: string
  /** How often it was what: `{ string: 990, null: 10 }`. */
  readonly types: Readonly<Record<string, number>>
  /** Between 0 and 1, of the objects that could have it. */
  readonly nullShare: number
  readonly absentShare: number
  /** Of texts, lists and bytes. */
  readonly lengths: Range<number> | null
  /** Of numbers, bigints and dates, as texts. */
  readonly values: Range<string> | null
  /** The first that differ, cut. */
  readonly examples: readonly string[]
}

export interface Range<T> {
  readonly min: T
  readonly max: T
}
