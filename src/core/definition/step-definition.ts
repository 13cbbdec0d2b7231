/** Steps as data: what a job author declares and the engine runs. */
import type { z } from 'zod'
import type { ExitStatus } from '../model/exit-status.ts'
import type { Filtered } from '../model/filtered.ts'
import type { JsonValue } from '../model/json-value.ts'
import type { Partitions } from '../model/partition.ts'
import type { ItemReader } from '../ports/item-reader.ts'
import type { ItemWriter } from '../ports/item-writer.ts'
import type {
  ChunkListener,
  ItemListener,
  RetryListener,
  SkipListener,
  StepListener,
} from '../ports/listeners.ts'
import type { AggregateScope, JobScope, StepScope, TaskletScope } from './callback-scope.ts'
import type { RetryPolicy, SkipPolicy } from './fault-policy.ts'

export interface StepOptions {
  /**
   * Keys that are copied from the step's context to the job's when the step completes, in the transaction of its end.
   * @default none
   */
  readonly promote?: PromotedKeys
  /** Runs the step again on a restart although it has completed. @default false */
  readonly allowStartIfComplete?: boolean
  /** How often the step may be begun over the whole instance. @default no limit */
  readonly startLimit?: number
  /**
   * Exit codes of the step's own: what its tasklet or listeners answer must be among them then, and a flow may name them.
   * @default those that the compiler finds in the answers
   */
  readonly exitCodes?: readonly string[]
}

/** A key that the step has not set is left out, as in Spring Batch; `strict` makes that the step's failure. */
export type PromotedKeys = readonly string[] | { readonly keys: readonly string[]; readonly strict?: boolean }

export interface ChunkOptions<P> extends StepOptions {
  /** Items per transaction, at least 1. 500 to 2,000 is a good start. May depend on the parameters. */
  readonly size: number | ((scope: JobScope<P>) => number)
  /**
   * A chunk takes no further item that would make it larger, as `bytesOf` measures; a single larger item is a chunk of its
   * own. @default no limit
   */
  readonly maxBytes?: number
  /**
   * A chunk is written so long after its first item was read, also while the reader waits for more. @default no limit
   */
  readonly maxMilliseconds?: number
  /** Reads and processes the next chunk while this one is written. @default true */
  readonly overlap?: boolean
  /** How many asynchronous processor calls may be under way at once; their order is kept. @default 1 */
  readonly concurrency?: number
  /**
   * Which failures are tried again. `false`: none, not even deadlocks and lost connections.
   * @default writes are tried again on `isTransient` errors, 5 attempts, with a back-off that grows from 50 ms to 2 s
   */
  readonly retry?: RetryPolicy | false
  /** Which failures cost the item and not the step; the item goes into the quarantine. @default none */
  readonly skip?: SkipPolicy
}

export type ReaderSource<P, I> = ItemReader<I> | ((scope: StepScope<P>) => ItemReader<I>)
export type WriterSource<P, O> = ItemWriter<O> | ((scope: StepScope<P>) => ItemWriter<O>)

/** Makes an output of an item, or FILTERED. Runs outside the transaction, once per item and attempt. */
export type Processor<P, I, O> = (item: I, scope: StepScope<P>) => O | Filtered | Promise<O | Filtered>

export type ChunkStepListener<I, O, C extends string = string> = StepListener<C> &
  ChunkListener<I, O> &
  ItemListener<I, O> &
  SkipListener<I, O> &
  RetryListener

/** `done` (or nothing) ends the tasklet; `continue` commits this turn and calls it again in a new transaction. */
export type TaskletAnswer<C extends string = string> =
  | void
  | 'done'
  | 'continue'
  | { readonly exitStatus: ExitStatus<C> }

export type Tasklet<P, C extends string = string> = (
  scope: TaskletScope<P>,
) => TaskletAnswer<C> | Promise<TaskletAnswer<C>>

export interface TaskletOptions<C extends string = string> extends StepOptions {
  readonly listeners?: readonly StepListener<C>[]
}

/** A chunk step after its types have done their work: the engine moves items without knowing what they are. */
export interface ChunkStepDefinition<C extends string = string> {
  readonly kind: 'chunk'
  readonly options: ChunkOptions<unknown>
  readonly reader: (scope: StepScope<unknown>) => ItemReader<unknown>
  /** For `maxBytes`; undefined where it is estimated. */
  readonly bytesOf: ((item: unknown) => number) | undefined
  readonly processor: Processor<unknown, unknown, unknown> | undefined
  readonly writer: (scope: StepScope<unknown>) => ItemWriter<unknown>
  readonly listeners: readonly ChunkStepListener<unknown, unknown>[]
  /** Besides COMPLETED and FAILED. Never set: it only holds the type. */
  readonly exitCode?: C
}

export interface TaskletStepDefinition<C extends string = string> {
  readonly kind: 'tasklet'
  readonly options: TaskletOptions
  readonly tasklet: Tasklet<unknown>
  /** Besides COMPLETED and FAILED. Never set: it only holds the type. */
  readonly exitCode?: C
}

/** A partitioned step after its types have done their work. */
export interface PartitionedStepDefinition<C extends string = string> {
  readonly kind: 'partitioned'
  readonly options: StepOptions & {
    readonly listeners?: readonly StepListener[]
    readonly processes: number
    readonly concurrency: number
    readonly failFast: boolean
  }
  readonly partitions: (scope: JobScope<unknown>) => Partitions<JsonValue> | Promise<Partitions<JsonValue>>
  readonly aggregate: ((scope: AggregateScope<unknown, JsonValue>) => void | Promise<void>) | undefined
  /** What is done with each partition. Its callbacks are handed a PartitionScope. */
  readonly chunk: ChunkStepDefinition
  /** Besides COMPLETED and FAILED. Never set: it only holds the type. */
  readonly exitCode?: C
}

/** A job as far as a step that runs it can know it: jobs are made of steps. */
export interface ChildJob<P extends z.ZodObject = z.ZodObject> {
  readonly kind: 'job'
  readonly name: string
  readonly parameters: P
}

export interface JobStepOptions<P, I> extends StepOptions {
  /**
   * What the other job is started with. Asked when the step is begun, and recorded with it: a restart goes on with the
   * instance that was begun, whatever this would answer by then.
   */
  readonly parameters: (scope: StepScope<P>) => I
  readonly listeners?: readonly StepListener[]
}

/** A step that runs another job, as an instance of its own. */
export interface JobStepDefinition<C extends string = string> {
  readonly kind: 'job'
  readonly job: ChildJob
  readonly options: JobStepOptions<unknown, unknown>
  /** Besides COMPLETED and FAILED. Never set: it only holds the type. */
  readonly exitCode?: C
}

export type StepDefinition =
  | ChunkStepDefinition
  | TaskletStepDefinition
  | PartitionedStepDefinition
  | JobStepDefinition

export function promotedKeys(promote: PromotedKeys = []): {
  readonly keys: readonly string[]
  readonly strict: boolean
} {
  return isList(promote) ? { keys: promote, strict: false } : { strict: false, ...promote }
}

function isList(promote: PromotedKeys): promote is readonly string[] {
  return Array.isArray(promote)
}
