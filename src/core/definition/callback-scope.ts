/** What the author's callbacks are handed. */
import type { ContextValue, ExecutionContext } from '../model/execution-context.ts'
import type { JobExecution } from '../model/job-execution.ts'
import type { JsonValue } from '../model/json-value.ts'
import type { Partition, PartitionResult } from '../model/partition.ts'
import type { StepCounts, StepExecution } from '../model/step-execution.ts'
import type { Logger } from '../ports/logger.ts'
import type { Resources, Transaction } from '../ports/resource.ts'

/**
 * An execution context as a callback sees it. What a chunk's callbacks change is committed with that chunk, and lost
 * with it when it is rolled back.
 */
export interface ContextDraft {
  /** A copy: to change a list or an object, set it again. */
  readonly get: (key: string) => ContextValue | undefined
  /** Keys that begin with `batchwright.` or `batch.` are the framework's and refused. `undefined` removes the key. */
  readonly set: (key: string, value: ContextValue | undefined) => void
  readonly values: () => ExecutionContext
}

export interface JobScope<P> {
  /** As the job's schema parsed them. */
  readonly parameters: P
  readonly jobExecution: JobExecution
  /** Shared by all steps of the execution; saved when a step ends, carried over to a restart. */
  readonly jobContext: ContextDraft
  /** Aborted when the callback should give up: a second signal, a lost lease; for tasklets also a stop. */
  readonly signal: AbortSignal
  /** Each line carries job, execution and step. */
  readonly logger: Logger
  /** What the repository lends outside transactions, such as its Postgres pool. */
  readonly resources: Resources
}

export interface StepScope<P> extends JobScope<P> {
  readonly stepExecution: StepExecution
  /** Saved with each chunk, carried over to a restart of the step. */
  readonly stepContext: ContextDraft
  /** Set where quarantined items are redriven, and not the step's own input is read. */
  readonly redrive?: Redrive
}

/** Which items are redriven, and where they come from. */
export interface Redrive {
  readonly batchId: string
  /** The execution that quarantined them. */
  readonly originJobExecutionId: string
}

export interface TaskletScope<P> extends StepScope<P> {
  /** Holds what this turn writes and the step's progress. It begins when it is first used. */
  readonly transaction: Transaction
  /** Adds to the step's counts, for reports: `count({ writeCount: 12 })`. */
  readonly count: (counts: Partial<Pick<StepCounts, 'readCount' | 'writeCount' | 'filterCount'>>) => void
}

/** What the callbacks of one partition are handed. Its job context can be read, not changed. */
export interface PartitionScope<P, V extends JsonValue> extends StepScope<P> {
  readonly partition: Partition<V>
}

export interface AggregateScope<P, V extends JsonValue> extends Omit<TaskletScope<P>, 'count'> {
  /** In the order of the plan. */
  readonly partitions: readonly PartitionResult<V>[]
}
