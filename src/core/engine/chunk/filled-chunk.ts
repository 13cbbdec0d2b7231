/** A chunk that was read and processed, and waits to be written. */
import type { ContextValue, ExecutionContext } from '../../model/execution-context.ts'
import type { Checkpoint } from '../../model/json-value.ts'
import type { Transaction } from '../../ports/resource.ts'
import { describePosition, type Page } from '../../ports/item-reader.ts'

export interface FilledChunk {
  readonly items: readonly unknown[]
  /** In the order of the items; those that were filtered are missing. */
  readonly outputs: readonly unknown[]
  /** Writes the outputs, as far as that was not prepared. */
  readonly write: (transaction: Transaction) => Promise<void>
  readonly pages: readonly PageInChunk[]
  /** After the last item, sealed; undefined when the chunk is empty. */
  readonly checkpoint: ContextValue | undefined
  /** The author's contexts as the chunk's callbacks left them. */
  readonly stepContext: ExecutionContext
  readonly jobContext: ExecutionContext
  /** The reader has no more. */
  readonly last: boolean
}

/** A page, and the index in the chunk of its first item. */
export interface PageInChunk {
  readonly page: Page<unknown>
  readonly start: number
}

/** Where an item of the chunk stands in its source, in words: `trades.csv line 812`. */
export function describeItem(pages: readonly PageInChunk[], index: number): string {
  const holder = pages.findLast(({ page, start }) => start <= index && index < start + page.items.length)
  return holder === undefined
    ? `item ${index + 1} of the chunk`
    : describePosition(holder.page.positionOf(index - holder.start))
}

export function checkpointAfterLast(pages: readonly PageInChunk[]): Checkpoint | undefined {
  const holder = pages.findLast(({ page }) => page.items.length > 0)
  return holder?.page.checkpointAfter(holder.page.items.length - 1)
}
