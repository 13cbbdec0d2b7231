/** One step execution at work: its transactions, its progress and its end. */
import type { BatchStatus } from '../model/batch-status.ts'
import type { ExecutionContext } from '../model/execution-context.ts'
import type { ExitStatus } from '../model/exit-status.ts'
import type { QuarantinedItem } from '../model/quarantined-item.ts'
import type { StepCounts, StepExecution, StepReconciliation } from '../model/step-execution.ts'
import type { Transaction } from './resource.ts'
import type { SampleMark } from './step-sample.ts'

export interface StepBegin {
  readonly stepName: string
  readonly executionContext: ExecutionContext
}

export interface StepEnd {
  readonly status: Extract<BatchStatus, 'COMPLETED' | 'STOPPED' | 'FAILED'>
  readonly exitStatus: ExitStatus
  readonly counts: StepCounts
  readonly executionContext: ExecutionContext
  /** Recorded with the end of a chunk step that has read everything. */
  readonly reconciliation?: StepReconciliation
  /** The job's context is saved with the step's end, as Spring does. Left out, it stays as it is. */
  readonly jobExecutionContext?: ExecutionContext
  /** @default none */
  readonly sample?: SampleMark
}

/** One step execution at work, with the connection that its transactions use. Calls never overlap. */
export interface StepSession {
  /** As inserted, STARTED. */
  readonly stepExecution: StepExecution
  /**
   * One transaction: `work` and the step's counts and context, under the check of lease and version. On any error
   * everything is rolled back and the error of `work` comes first.
   *
   * With `pipelined` the metadata and the COMMIT are sent without waiting for `work` (see `ItemSink.pipelined`).
   * @throws BatchError LEASE_LOST, OPTIMISTIC_LOCK_FAILED, or what `work` threw. `details.outcome` of a BatchError is
   *   'committed' where a pipelined work failed too late: what it wrote stands, and the step goes no further.
   */
  readonly commit: (chunk: ChunkCommit) => Promise<CommitAnswer>
  /** Writes the step's end. @throws BatchError LEASE_LOST */
  readonly end: (end: StepEnd) => Promise<void>
  /** Gives the connection back for as long as the step only waits; the next call takes another. */
  readonly rest?: () => Promise<void>
  /**
   * Waits until it has a connection again, where it has given its own back: for whoever must not wait for one later, since others
   * wait for him by then. @throws as `commit`
   */
  readonly wake?: () => Promise<void>
  /** Gives the connection back. Always called, once. */
  readonly close: () => Promise<void>
}

export interface Rehearsal {
  readonly transaction: Transaction
  /** Rolls everything back. Called once. */
  readonly close: () => Promise<void>
}

export interface ChunkCommit {
  readonly work: (transaction: Transaction) => Promise<void>
  readonly pipelined: boolean
  /** Asked after `work` (when pipelined: after `work` was begun). Totals of this step execution, not differences. */
  readonly progress: () => StepProgress
}

export interface StepProgress {
  readonly counts: StepCounts
  readonly executionContext: ExecutionContext
  /** The items that this chunk skips: recorded in its transaction. @default none */
  readonly quarantined?: readonly QuarantinedItem[]
  /** How far a redrive has come: recorded in the same transaction. @default none */
  readonly redriven?: RedrivenEntries
  /** Recorded in the same transaction. @default none */
  readonly sample?: SampleMark
}

/** The entries of the step in this batch, up to and with this id, have been dealt with. */
export interface RedrivenEntries {
  readonly batchId: string
  readonly upTo: string
}

export interface CommitAnswer {
  /** The job execution's status, read in the same transaction: STOPPING when somebody asked it to stop. */
  readonly jobStatus: BatchStatus
}
