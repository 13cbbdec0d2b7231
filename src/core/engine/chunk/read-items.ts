/** Reads the items of one chunk, page by page. */
import { BatchError } from '../../model/batch-error.ts'
import { thrownText } from '../../model/error-description.ts'
import { untilAborted } from '../until-aborted.ts'
import type { Breather } from './breather.ts'
import type { PageInChunk } from './filled-chunk.ts'
import type { ItemHooks } from './item-hooks.ts'
import { CHUNK_COMPLETE, type PageSupply } from './page-supply.ts'

export interface ItemSource {
  readonly stepName: string
  readonly supply: PageSupply
  readonly size: number
  readonly hooks: ItemHooks
  /** A stop makes a short chunk of what has been read. */
  readonly stop: AbortSignal
  /** The step is to end now. */
  readonly signal: AbortSignal
  readonly breathe: Breather
}

export interface ItemsRead {
  readonly items: readonly unknown[]
  readonly pages: readonly PageInChunk[]
  readonly last: boolean
}

/** More at once would hold up the chunk that is being written; see {@link Breather}. */
const PAGE_LIMIT = 500

/**
 * Until the chunk is full by count, bytes or time, the reader has no more, or a stop was asked for: then what has been read
 * is the chunk.
 * @throws BatchError READ_FAILED
 */
export async function readItems(source: ItemSource): Promise<ItemsRead> {
  const pages: PageInChunk[] = []
  let count = 0
  source.supply.beginChunk()
  while (count < source.size && !source.stop.aborted) {
    const page = await readPage(source, Math.min(source.size - count, PAGE_LIMIT))
    if (page === undefined) return { items: joinItems(pages), pages, last: true }
    if (page === CHUNK_COMPLETE) break
    pages.push({ page, start: count })
    count += page.items.length
    const { afterRead } = source.hooks
    if (afterRead !== undefined) page.items.forEach((item) => afterRead(item))
    if (page.fault !== undefined) throw readFailed(source, page.fault.error)
    await source.breathe()
  }
  source.signal.throwIfAborted()
  return { items: joinItems(pages), pages, last: false }
}

async function readPage(source: ItemSource, limit: number): ReturnType<PageSupply['next']> {
  source.hooks.beforeRead?.()
  try {
    return await untilAborted(source.supply.next(limit), source.signal)
  } catch (error) {
    source.signal.throwIfAborted()
    throw readFailed(source, error)
  }
}

function readFailed({ stepName, hooks }: ItemSource, error: unknown): BatchError {
  hooks.onReadError?.(error)
  const reason = thrownText(error)
  return new BatchError('READ_FAILED', `Step ${stepName} could not read: ${reason}`, {
    details: { stepName },
    cause: error,
  })
}

/** A chunk of one page is not copied; `concat` copies several pages as blocks, which `flatMap` does not. */
function joinItems(pages: readonly PageInChunk[]): readonly unknown[] {
  const [first, ...others] = pages.map(({ page }) => page.items)
  return first === undefined || others.length === 0 ? (first ?? []) : first.concat(...others)
}
