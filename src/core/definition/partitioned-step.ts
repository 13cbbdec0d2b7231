/** A chunk-oriented step whose input is split into partitions, each of them a step execution of its own. */
import type { JsonValue } from '../model/json-value.ts'
import type { Partitions } from '../model/partition.ts'
import type { ItemReader } from '../ports/item-reader.ts'
import type { ItemWriter } from '../ports/item-writer.ts'
import type { StepListener } from '../ports/listeners.ts'
import type { AggregateScope, JobScope, PartitionScope } from './callback-scope.ts'
import type {
  ChunkOptions,
  ChunkStepListener,
  PartitionedStepDefinition,
  Processor,
} from './step-definition.ts'

export interface PartitionedOptions<P, V extends JsonValue> extends Omit<ChunkOptions<P>, 'concurrency'> {
  /**
   * Splits the input. Called once per instance: the plan is stored, and a restart works on what it leaves incomplete,
   * whatever this would answer by then.
   */
  readonly partitions: (scope: JobScope<P>) => Partitions<V> | Promise<Partitions<V>>
  /**
   * How many partitions are worked on at the same time, over all processes.
   * @default 4 in this process; with `processes` one for each of them
   */
  readonly concurrency?: number
  /** How many worker processes share them; 0: this process does the work. They load the same project. @default 0 */
  readonly processes?: number
  /** How many asynchronous processor calls of one partition may be under way at once; their order is kept. @default 1 */
  readonly processorConcurrency?: number
  /** No further partition is begun after one has failed; those under way are finished. @default false */
  readonly failFast?: boolean
  /**
   * Called when all partitions are complete, in the transaction that commits that it was: what it writes there is
   * written exactly once.
   */
  readonly aggregate?: (scope: AggregateScope<P, V>) => void | Promise<void>
  /** Of the step as a whole; those of the pipeline are called for each partition. */
  readonly listeners?: readonly StepListener[]
}

/** In the order in which data flows; the compiler infers from top to bottom. */
export interface PartitionedPipeline<P, V extends JsonValue, I, O> {
  /** A function: one reader for all would read everything once per partition. */
  readonly reader: (scope: PartitionScope<P, NoInfer<V>>) => ItemReader<I>
  /** Left out, items are written as they were read. */
  readonly processor?: (
    item: NoInfer<I>,
    scope: PartitionScope<P, NoInfer<V>>,
  ) => ReturnType<Processor<P, I, O>>
  readonly writer: ItemWriter<O> | ((scope: PartitionScope<P, NoInfer<V>>) => ItemWriter<O>)
  /** The bytes of an item, for `maxBytes`. @default a cheap estimate: about its size as JSON */
  readonly bytesOf?: (item: NoInfer<I>) => number
  readonly listeners?: readonly ChunkStepListener<NoInfer<I>, NoInfer<O>>[]
}

const DEFAULT_CONCURRENCY = 4

/** The step's own part of the options, and that of each partition. */
export function splitOptions<P>(options: PartitionedOptions<P, JsonValue>): {
  readonly step: PartitionedStepDefinition['options']
  readonly chunk: ChunkOptions<P>
} {
  const {
    partitions: _,
    aggregate: __,
    listeners,
    promote,
    allowStartIfComplete,
    startLimit,
    ...others
  } = options
  const { concurrency, processes = 0, processorConcurrency, failFast = false, ...chunk } = others
  return {
    step: {
      ...(listeners === undefined ? {} : { listeners }),
      ...(promote === undefined ? {} : { promote }),
      ...(allowStartIfComplete === undefined ? {} : { allowStartIfComplete }),
      ...(startLimit === undefined ? {} : { startLimit }),
      processes,
      concurrency: concurrency ?? (processes > 0 ? processes : DEFAULT_CONCURRENCY),
      failFast,
    },
    chunk: {
      ...chunk,
      ...(processorConcurrency === undefined ? {} : { concurrency: processorConcurrency }),
    },
  }
}
