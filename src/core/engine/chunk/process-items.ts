/** Makes the outputs of a chunk, in the order of its items, outside any transaction. */
import type { StepScope } from '../../definition/callback-scope.ts'
import type { Processor } from '../../definition/step-definition.ts'
import { FILTERED } from '../../model/filtered.ts'
import { BatchError } from '../../model/batch-error.ts'
import { thrownText } from '../../model/error-description.ts'
import { isPromise } from '../../model/is-promise.ts'
import type { Breather } from './breather.ts'
import type { Faults } from './faults.ts'
import { describeItem, positionOfItem } from './filled-chunk.ts'
import type { ItemHooks } from './item-hooks.ts'
import type { ItemsRead } from './read-items.ts'
import type { Skip } from './skip.ts'

export interface ItemProcessing {
  readonly stepName: string
  readonly processor: Processor<unknown, unknown, unknown> | undefined
  readonly concurrency: number
  readonly scope: StepScope<unknown>
  readonly hooks: ItemHooks
  readonly faults: Faults
  readonly breathe: Breather
  /** Whether the step's limit is passed for certain by so many skips of the chunk; the rest need not be processed then. */
  readonly isTooMany: (skips: number) => boolean
}

export interface ItemsProcessed {
  /** What the processor made, without what was filtered and skipped. */
  readonly outputs: readonly unknown[]
  /** The index among the items of what became this output. */
  readonly itemOf: (outputIndex: number) => number
  readonly skips: readonly ProcessSkip[]
}

export interface ProcessSkip extends Skip {
  readonly index: number
}

/** In the place of an output. */
const SKIPPED = Symbol('skipped')

/** @throws BatchError PROCESS_FAILED for the first item, in their order, whose failure is not to be skipped. */
export async function processItems(processing: ItemProcessing, read: ItemsRead): Promise<ItemsProcessed> {
  if (processing.processor === undefined) return { outputs: read.items, itemOf: (index) => index, skips: [] }
  const run: ProcessingRun = { ...processing, read, skips: [] }
  const results = processing.concurrency > 1 ? await processConcurrently(run) : await processInTurn(run)
  return {
    outputs: results.filter(isOutput),
    itemOf: indexesOfOutputs(results),
    skips: run.skips.toSorted((one, other) => one.index - other.index),
  }
}

/** One chunk's processing under way. */
interface ProcessingRun extends ItemProcessing {
  readonly read: ItemsRead
  readonly skips: ProcessSkip[]
}

function isOutput(result: unknown): boolean {
  return result !== FILTERED && result !== SKIPPED
}

/** Found out only when something goes wrong. */
function indexesOfOutputs(results: readonly unknown[]): (outputIndex: number) => number {
  let indexes: readonly number[] | undefined
  return (outputIndex) => {
    indexes ??= results.flatMap((result, index) => (isOutput(result) ? [index] : []))
    return indexes[outputIndex] ?? -1
  }
}

const ITEMS_BETWEEN_BREATHS = 500

/** Awaits promises only: awaiting every result would cost a tenth of the whole pipeline's speed. */
async function processInTurn(run: ProcessingRun): Promise<unknown[]> {
  const { items } = run.read
  const results: unknown[] = []
  for (let index = 0; index < items.length; index += 1) {
    if (index % ITEMS_BETWEEN_BREATHS === 0) await pause(run)
    try {
      const result = processOne(run, items[index])
      results.push(isPromise(result) ? await whileWanted(run, result) : result)
    } catch (error) {
      results.push(await processAgain(run, index, error))
      if (hasGivenUp(run)) break
    }
    if (results[index] !== SKIPPED) run.hooks.afterProcess?.(items[index], results[index])
  }
  return results
}

/** The place to notice that the step is to end, as when the chunk before could not be written. */
async function pause({ breathe, scope }: ItemProcessing): Promise<void> {
  await breathe()
  scope.signal.throwIfAborted()
}

/** Slow processors are to notice it too, before the next item. */
async function whileWanted({ scope }: ItemProcessing, result: Promise<unknown>): Promise<unknown> {
  const output = await result
  scope.signal.throwIfAborted()
  return output
}

/**
 * At most `concurrency` calls are under way. After a failure, or when the step is to end, no new one is begun, and those begun are
 * waited for.
 */
async function processConcurrently(run: ProcessingRun): Promise<unknown[]> {
  const { items } = run.read
  const { signal } = run.scope
  const results = Array.from<unknown>({ length: items.length }).fill(SKIPPED)
  const failures: { index: number; error: unknown }[] = []
  let next = 0
  const work = async () => {
    while (next < items.length && failures.length === 0 && !signal.aborted && !hasGivenUp(run)) {
      const index = next++
      try {
        results[index] = await processOrSkip(run, index)
      } catch (error) {
        failures.push({ index, error })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(run.concurrency, items.length) }, work))
  const first = failures.toSorted((one, other) => one.index - other.index)[0]
  if (first !== undefined) throw first.error
  signal.throwIfAborted()
  const { afterProcess } = run.hooks
  if (afterProcess !== undefined)
    for (const [index, item] of items.entries())
      if (results[index] !== SKIPPED) afterProcess(item, results[index])
  return results
}

async function processOrSkip(run: ProcessingRun, index: number): Promise<unknown> {
  try {
    return await processOne(run, run.read.items[index])
  } catch (error) {
    return processAgain(run, index, error)
  }
}

function processOne({ processor, scope, hooks }: ItemProcessing, item: unknown): unknown {
  hooks.beforeProcess?.(item)
  return processor?.(item, scope)
}

/** The chunk will not be written: the limit is passed, and its judge, who knows the chunk before, will say where. */
function hasGivenUp({ skips, read, isTooMany }: ProcessingRun): boolean {
  return skips.length > 0 && isTooMany(read.skips.length + skips.length)
}

/** Retry before skip. The output of a later attempt, or SKIPPED. @throws BatchError PROCESS_FAILED */
async function processAgain(run: ProcessingRun, index: number, first: unknown): Promise<unknown> {
  const { faults, scope, hooks, read, skips } = run
  const item = read.items[index]
  const place = (): string => describeItem(read.pages, index)
  let error = first
  for (let attempt = 1; ; attempt += 1) {
    scope.signal.throwIfAborted()
    hooks.onProcessError?.(error, item)
    if (!(await faults.tryAgain({ phase: 'process', error, attempt, place }))) break
    try {
      return await processOne(run, item)
    } catch (next) {
      error = next
    }
  }
  if (!faults.isSkippable('process', error)) throw processFailed(run, place(), error)
  skips.push({ phase: 'process', error, position: positionOfItem(read.pages, index), subject: item, index })
  return SKIPPED
}

function processFailed({ stepName }: ItemProcessing, position: string, error: unknown): BatchError {
  const reason = thrownText(error)
  return new BatchError('PROCESS_FAILED', `Step ${stepName} could not process ${position}: ${reason}`, {
    details: { stepName, position },
    cause: error,
  })
}
