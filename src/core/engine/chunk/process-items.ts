/** Makes the outputs of a chunk, in the order of its items, outside any transaction. */
import type { StepScope } from '../../definition/callback-scope.ts'
import type { Processor } from '../../definition/step-definition.ts'
import { FILTERED } from '../../model/filtered.ts'
import { BatchError } from '../../model/batch-error.ts'
import { thrownText } from '../../model/error-description.ts'
import type { Breather } from './breather.ts'
import { describeItem } from './filled-chunk.ts'
import type { ItemHooks } from './item-hooks.ts'
import type { ItemsRead } from './read-items.ts'

export interface ItemProcessing {
  readonly stepName: string
  readonly processor: Processor<unknown, unknown, unknown> | undefined
  readonly concurrency: number
  readonly scope: StepScope<unknown>
  readonly hooks: ItemHooks
  readonly breathe: Breather
}

/** @throws BatchError PROCESS_FAILED for the first item, in their order, whose processor failed. */
export async function processItems(processing: ItemProcessing, read: ItemsRead): Promise<readonly unknown[]> {
  if (processing.processor === undefined) return read.items
  const results =
    processing.concurrency > 1
      ? await processConcurrently(processing, read)
      : await processInTurn(processing, read)
  return results.filter((result) => result !== FILTERED)
}

const ITEMS_BETWEEN_BREATHS = 500

/** Awaits promises only: awaiting every result would cost a tenth of the whole pipeline's speed. */
async function processInTurn(processing: ItemProcessing, read: ItemsRead): Promise<unknown[]> {
  const results: unknown[] = []
  for (let index = 0; index < read.items.length; index += 1) {
    if (index % ITEMS_BETWEEN_BREATHS === 0) await pause(processing)
    try {
      const result = processOne(processing, read.items[index])
      results.push(isPromise(result) ? await result : result)
    } catch (error) {
      throw processFailed(processing, read, index, error)
    }
    processing.hooks.afterProcess?.(read.items[index], results[index])
  }
  return results
}

/** The place to notice that the step is to end, as when the chunk before could not be written. */
async function pause({ breathe, scope }: ItemProcessing): Promise<void> {
  await breathe()
  scope.signal.throwIfAborted()
}

/** At most `concurrency` calls are under way. After a failure no new one is begun, and those begun are waited for. */
async function processConcurrently(processing: ItemProcessing, read: ItemsRead): Promise<unknown[]> {
  const results = Array.from<unknown>({ length: read.items.length })
  const failures: { index: number; error: unknown }[] = []
  let next = 0
  const work = async () => {
    while (next < read.items.length && failures.length === 0) {
      const index = next++
      try {
        results[index] = await processOne(processing, read.items[index])
      } catch (error) {
        failures.push({ index, error })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(processing.concurrency, read.items.length) }, work))
  const first = failures.toSorted((one, other) => one.index - other.index)[0]
  if (first !== undefined) throw processFailed(processing, read, first.index, first.error)
  const { afterProcess } = processing.hooks
  if (afterProcess !== undefined) read.items.forEach((item, index) => afterProcess(item, results[index]))
  return results
}

function processOne({ processor, scope, hooks }: ItemProcessing, item: unknown): unknown {
  hooks.beforeProcess?.(item)
  return processor?.(item, scope)
}

function isPromise(value: unknown): value is Promise<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}

function processFailed(
  { stepName, scope, hooks }: ItemProcessing,
  read: ItemsRead,
  index: number,
  error: unknown,
): unknown {
  if (scope.signal.aborted) return scope.signal.reason
  hooks.onProcessError?.(error, read.items[index])
  const position = describeItem(read.pages, index)
  const reason = thrownText(error)
  return new BatchError('PROCESS_FAILED', `Step ${stepName} could not process ${position}: ${reason}`, {
    details: { stepName, position },
    cause: error,
  })
}
