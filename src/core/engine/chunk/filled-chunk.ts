/** A chunk that was read and processed, and waits to be written. */
import type { ContextValue, ExecutionContext } from '../../model/execution-context.ts'
import type { Checkpoint } from '../../model/json-value.ts'
import type { Transaction } from '../../ports/resource.ts'
import { describePosition, type Page, type Position } from '../../ports/item-reader.ts'
import type { Skip } from './skip.ts'

export interface FilledChunk {
  readonly items: readonly unknown[]
  /** In the order of the items; those that were filtered or skipped are missing. */
  readonly outputs: readonly unknown[]
  /** The index in `items` of what became this output. */
  readonly itemOf: (outputIndex: number) => number
  /** Of reading and processing, in the order of the source. */
  readonly skips: readonly Skip[]
  /** How many of them are of reading. */
  readonly readSkips: number
  /** Writes the outputs, as far as that was not prepared. */
  readonly write: (transaction: Transaction) => Promise<void>
  readonly pages: readonly PageInChunk[]
  /** After the last item or skipped record, sealed; undefined when the chunk is empty. */
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

/** Where an item of the chunk stands in its source. */
export function positionOfItem(pages: readonly PageInChunk[], index: number): Position {
  const holder = pages.findLast(({ page, start }) => start <= index && index < start + page.items.length)
  return holder === undefined
    ? { 'item of the chunk': index + 1 }
    : holder.page.positionOf(index - holder.start)
}

/** The same in words: `trades.csv line 812`. */
export function describeItem(pages: readonly PageInChunk[], index: number): string {
  return describePosition(positionOfItem(pages, index))
}

/** Behind the last item, or behind the record that could not be made into one and was skipped. */
export function checkpointAfterLast(pages: readonly PageInChunk[]): Checkpoint | undefined {
  const page = pages.findLast((one) => one.page.items.length > 0 || one.page.fault !== undefined)?.page
  return page?.fault?.checkpointAfter ?? page?.checkpointAfter(page.items.length - 1)
}
