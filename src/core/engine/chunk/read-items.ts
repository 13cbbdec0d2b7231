/** Reads the items of one chunk, page by page. */
import { BatchError } from '../../model/batch-error.ts'
import { thrownText } from '../../model/error-description.ts'
import { untilAborted } from '../../model/until-aborted.ts'
import type { ReadFault } from '../../ports/item-reader.ts'
import type { Breather } from './breather.ts'
import type { Faults } from './faults.ts'
import type { PageInChunk } from './filled-chunk.ts'
import type { ItemHooks } from './item-hooks.ts'
import { CHUNK_COMPLETE, type PageSupply } from './page-supply.ts'
import type { Skip } from './skip.ts'

export interface ItemSource {
  readonly stepName: string
  readonly supply: PageSupply
  /** The reader may be asked again after a rejection. */
  readonly repeatable: boolean
  readonly size: number
  readonly faults: Faults
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
  readonly skips: readonly ReadSkip[]
  readonly last: boolean
}

/** A record that was skipped, and the index in the chunk of the item behind it. */
export interface ReadSkip extends Skip {
  readonly before: number
}

/** More at once would hold up the chunk that is being written; see {@link Breather}. */
const PAGE_LIMIT = 500

/**
 * Until the chunk is full by count, bytes or time, the reader has no more, or a stop was asked for: then what has been read
 * is the chunk. A skipped record takes a place in it, so that a source of nothing but bad records makes chunks as well.
 * @throws BatchError READ_FAILED
 */
export async function readItems(source: ItemSource): Promise<ItemsRead> {
  const pages: PageInChunk[] = []
  const skips: ReadSkip[] = []
  let count = 0
  source.supply.beginChunk()
  while (count + skips.length < source.size && !source.stop.aborted) {
    const room = source.size - count - skips.length
    const page = await readPage(source, Math.min(room, PAGE_LIMIT), count)
    if (page === undefined) return { items: joinItems(pages), pages, skips, last: true }
    if (page === CHUNK_COMPLETE) break
    pages.push({ page, start: count })
    count += page.items.length
    const { afterRead } = source.hooks
    if (afterRead !== undefined) page.items.forEach((item) => afterRead(item))
    if (page.fault !== undefined) skips.push({ ...skippedRecord(source, page.fault), before: count })
    await source.breathe()
  }
  source.signal.throwIfAborted()
  return { items: joinItems(pages), pages, skips, last: false }
}

async function readPage(source: ItemSource, limit: number, count: number): ReturnType<PageSupply['next']> {
  source.hooks.beforeRead?.()
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await untilAborted(source.supply.next(limit), source.signal)
    } catch (error) {
      source.signal.throwIfAborted()
      source.hooks.onReadError?.(error)
      const place = (): string => `behind ${count} items of the chunk`
      const again =
        source.repeatable && (await source.faults.tryAgain({ phase: 'read', error, attempt, place }))
      if (!again) throw readFailed(source, error)
    }
  }
}

/** Never retried: the record would be the same, and the reader is behind it already. */
function skippedRecord(source: ItemSource, { error, raw, position, isLossy }: ReadFault): Skip {
  source.hooks.onReadError?.(error)
  if (!source.faults.isSkippable('read', error)) throw readFailed(source, error)
  return { phase: 'read', error, position, subject: raw, ...(isLossy && { isLossy }) }
}

function readFailed({ stepName }: ItemSource, error: unknown): BatchError {
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
