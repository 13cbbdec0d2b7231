/** The `step` that a job's `steps` function is given: it makes steps, typed by the job's parameters. */
import type { z } from 'zod'
import type { JsonValue } from '../model/json-value.ts'
import type { StandardExitCode } from './flow-factory.ts'
import { type PartitionedOptions, type PartitionedPipeline, splitOptions } from './partitioned-step.ts'
import type {
  ChunkOptions,
  ChunkStepDefinition,
  ChunkStepListener,
  ChildJob,
  JobStepDefinition,
  JobStepOptions,
  PartitionedStepDefinition,
  Processor,
  ReaderSource,
  Tasklet,
  TaskletOptions,
  TaskletStepDefinition,
  WriterSource,
} from './step-definition.ts'

/** In the order in which data flows; the compiler infers from top to bottom. */
export interface ChunkPipeline<P, I, O, C extends string = string> {
  readonly reader: ReaderSource<P, I>
  /** Left out, items are written as they were read. */
  readonly processor?: Processor<P, NoInfer<I>, O>
  readonly writer: WriterSource<P, O>
  /** The bytes of an item, for `maxBytes`. @default a cheap estimate: about its size as JSON */
  readonly bytesOf?: (item: NoInfer<I>) => number
  readonly listeners?: readonly ChunkStepListener<NoInfer<I>, NoInfer<O>, C>[]
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

/** The exit codes of a step: those declared, else those that its callbacks answer. */
type ExitCodes<Declared extends string, Answered extends string> = [Declared] extends [never]
  ? Answered
  : Declared

/** What cannot be known (`string`) is not refused. */
type AnswersAreDeclared<Declared extends string, Answered extends string> = [Declared] extends [never]
  ? unknown
  : string extends Answered
    ? unknown
    : [Answered] extends [Declared | StandardExitCode]
      ? unknown
      : { readonly exitCodes: `exitCodes does not declare ${Exclude<Answered, Declared | StandardExitCode>}` }

interface Declares<C extends string> {
  readonly exitCodes?: readonly C[]
}

/**
 * What a step may end with is inferred from its callbacks alone (`NoInfer`): where the steps are written within `defineJob`, its
 * return type asks for steps with any exit code, which would count as the exit code of a step that answers none.
 */
export interface StepFactory<P> {
  /** A step that reads, processes and writes items, `size` of them in each transaction. */
  readonly chunk: <I, O = I, const D extends string = never, A extends string = never>(
    options: ChunkOptions<P> & Declares<D>,
    pipeline: ChunkPipeline<P, I, O, A> &
      ProcessorWhereNeeded<I, O> &
      ReturnsSomething<O> &
      AnswersAreDeclared<D, A>,
  ) => ChunkStepDefinition<ExitCodes<NoInfer<D>, NoInfer<A>>>
  /**
   * A step that does this with each of the partitions that `partitions` splits its input into, several at the same time, here
   * or in worker processes. Each has its own checkpoint and counts; this step has the sums.
   */
  readonly partitioned: <V extends JsonValue, I, O = I, const D extends string = never>(
    options: PartitionedOptions<P, V> & Declares<D>,
    pipeline: PartitionedPipeline<P, V, I, O> & ProcessorWhereNeeded<I, O> & ReturnsSomething<O>,
  ) => PartitionedStepDefinition<NoInfer<D>>
  /**
   * A step that runs another job, which has an instance and executions of its own. It ends as that job ends; a restart goes
   * on with the same instance, and one that is complete is taken as done. Its exit codes are any, unless declared.
   */
  readonly job: <CP extends z.ZodObject, const D extends string = never>(
    job: ChildJob<CP>,
    options: JobStepOptions<P, z.input<CP>> & Declares<D>,
  ) => JobStepDefinition<ExitCodes<NoInfer<D>, string>>
  /** A step that is one function, called until it is done, each turn in a transaction of its own. */
  readonly tasklet: {
    <A extends string = never>(tasklet: Tasklet<P, A>): TaskletStepDefinition<NoInfer<A>>
    <const D extends string = never, A extends string = never>(
      options: TaskletOptions<A> & Declares<D>,
      tasklet: Tasklet<P, A> & AnswersAreDeclared<D, A>,
    ): TaskletStepDefinition<ExitCodes<NoInfer<D>, NoInfer<A>>>
  }
}

function chunkStep(options: ChunkOptions<unknown>, pipeline: unknown): ChunkStepDefinition<never> {
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
  job: (job, options) => ({
    kind: 'job',
    job: job as ChildJob,
    options: options as unknown as JobStepOptions<unknown, unknown>,
  }),
  tasklet: (
    first: TaskletOptions | Tasklet<unknown>,
    second?: Tasklet<unknown>,
  ): TaskletStepDefinition<never> =>
    typeof first === 'function'
      ? { kind: 'tasklet', options: {}, tasklet: first }
      : { kind: 'tasklet', options: first, tasklet: second as Tasklet<unknown> },
}
