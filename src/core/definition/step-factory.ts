/** The `step` that a job's `steps` function is given: it makes steps, typed by the job's parameters. */
import type { JsonValue } from '../model/json-value.ts'
import { type PartitionedOptions, type PartitionedPipeline, splitOptions } from './partitioned-step.ts'
import type {
  ChunkOptions,
  ChunkStepDefinition,
  ChunkStepListener,
  PartitionedStepDefinition,
  Processor,
  ReaderSource,
  Tasklet,
  TaskletOptions,
  TaskletStepDefinition,
  WriterSource,
} from './step-definition.ts'

/** In the order in which data flows; the compiler infers from top to bottom. */
export interface ChunkPipeline<P, I, O> {
  readonly reader: ReaderSource<P, I>
  /** Left out, items are written as they were read. */
  readonly processor?: Processor<P, NoInfer<I>, O>
  readonly writer: WriterSource<P, O>
  /** The bytes of an item, for `maxBytes`. @default a cheap estimate: about its size as JSON */
  readonly bytesOf?: (item: NoInfer<I>) => number
  readonly listeners?: readonly ChunkStepListener<NoInfer<I>, NoInfer<O>>[]
}

/**
 * Without a processor, the writer must take what the reader gives. The property is `unknown` here, since a signature in
 * a conditional type would become a context for the processor's parameters before `I` is known; and while it is not
 * known (`unknown`), the compiler already asks whether the arguments fit.
 */
type ProcessorWhereNeeded<I, O> = [unknown] extends [I]
  ? unknown
  : [I] extends [O]
    ? unknown
    : { readonly processor: unknown }

/** A processor that forgets to return would write nothing, item after item. */
type ReturnsSomething<O> = 0 extends 1 & O
  ? unknown // any
  : [O] extends [void]
    ? [O] extends [never]
      ? unknown
      : {
          readonly processor: 'The processor returns nothing: return the output, or FILTERED to drop the item.'
        }
    : unknown

export interface StepFactory<P> {
  /** A step that reads, processes and writes items, `size` of them in each transaction. */
  readonly chunk: <I, O = I>(
    options: ChunkOptions<P>,
    pipeline: ChunkPipeline<P, I, O> & ProcessorWhereNeeded<I, O> & ReturnsSomething<O>,
  ) => ChunkStepDefinition
  /**
   * A step that does this with each of the partitions that `partitions` splits its input into, several at the same time, here
   * or in worker processes. Each has its own checkpoint and counts; this step has the sums.
   */
  readonly partitioned: <V extends JsonValue, I, O = I>(
    options: PartitionedOptions<P, V>,
    pipeline: PartitionedPipeline<P, V, I, O> & ProcessorWhereNeeded<I, O> & ReturnsSomething<O>,
  ) => PartitionedStepDefinition
  /** A step that is one function, called until it is done, each turn in a transaction of its own. */
  readonly tasklet: {
    (tasklet: Tasklet<P>): TaskletStepDefinition
    (options: TaskletOptions, tasklet: Tasklet<P>): TaskletStepDefinition
  }
}

function chunkStep(options: ChunkOptions<unknown>, pipeline: unknown): ChunkStepDefinition {
  const { reader, processor, writer, bytesOf, listeners } = pipeline as ChunkPipeline<
    unknown,
    unknown,
    unknown
  >
  return {
    kind: 'chunk',
    options,
    reader: typeof reader === 'function' ? reader : () => reader,
    bytesOf,
    processor,
    writer: typeof writer === 'function' ? writer : () => writer,
    listeners: listeners ?? [],
  }
}

/** One factory serves every job: the parameters' type is the caller's knowledge, not ours. */
export const stepFactory: StepFactory<unknown> = {
  chunk: (options, pipeline) => chunkStep(options, pipeline),
  partitioned: (options, pipeline) => {
    const { partitions, aggregate } = options as unknown as PartitionedOptions<unknown, JsonValue>
    const { step, chunk } = splitOptions(options as unknown as PartitionedOptions<unknown, JsonValue>)
    return { kind: 'partitioned', options: step, partitions, aggregate, chunk: chunkStep(chunk, pipeline) }
  },
  tasklet: (first: TaskletOptions | Tasklet<unknown>, second?: Tasklet<unknown>): TaskletStepDefinition =>
    typeof first === 'function'
      ? { kind: 'tasklet', options: {}, tasklet: first }
      : { kind: 'tasklet', options: first, tasklet: second as Tasklet<unknown> },
}
