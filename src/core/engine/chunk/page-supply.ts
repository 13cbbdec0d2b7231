/** Hands a chunk its pages, and says when the chunk is complete by bytes or by time. */
import type { Clock } from '../../ports/clock.ts'
import type { OpenedReader, Page } from '../../ports/item-reader.ts'

/** The chunk is to be written with what it has. */
export const CHUNK_COMPLETE: unique symbol = Symbol('chunk complete')

export interface PageSupply {
  readonly beginChunk: () => void
  /** The next page of the chunk, undefined at the end of the data. Called again when it has settled only. */
  readonly next: (limit: number) => Promise<Page<unknown> | undefined | typeof CHUNK_COMPLETE>
  /** Whether the reader is still reading for a chunk to come. */
  readonly isReading: () => boolean
}

export interface CompletionLimits {
  readonly maxBytes: number | undefined
  readonly maxMilliseconds: number | undefined
  readonly bytesOf: (item: unknown) => number
}

export interface SupplyParts {
  readonly reader: OpenedReader<unknown>
  readonly limits: CompletionLimits
  readonly clock: Clock
  /** Ends the waiting for a late page: what is there is the chunk. */
  readonly ending: AbortSignal
}

/** Without limits the reader's pages as they come; no item costs more for it. */
export function pageSupply(parts: SupplyParts): PageSupply {
  const { maxBytes, maxMilliseconds } = parts.limits
  if (maxBytes !== undefined || maxMilliseconds !== undefined) return new LimitedSupply(parts)
  return { beginChunk: () => {}, next: (limit) => parts.reader.read(limit), isReading: () => false }
}

/** Of a first page, before anything is known of the items' sizes. */
const FIRST_PAGE = 16

/**
 * What does not fit into a chunk begins the next one: the rest of a page, or a page that is late. Both stay outside the
 * committed checkpoint, which is that of the chunk's last item.
 */
class LimitedSupply implements PageSupply {
  readonly #parts: SupplyParts
  #rest: Page<unknown> | undefined
  #late: Promise<Page<unknown> | undefined> | undefined
  /** Records that were no items are counted too: what they cost is committed with the chunk. */
  #items = 0
  #bytes = 0
  /** When the chunk's first item was there. */
  #since = 0
  /** Bytes an item over everything measured. */
  #measured = { items: 0, bytes: 0 }

  constructor(parts: SupplyParts) {
    this.#parts = parts
  }

  beginChunk(): void {
    this.#items = 0
    this.#bytes = 0
  }

  isReading(): boolean {
    return this.#late !== undefined
  }

  readonly next: PageSupply['next'] = async (limit) => {
    if (this.#items > 0 && this.#millisecondsLeft() <= 0) return CHUNK_COMPLETE
    const page = this.#rest ?? (await this.#arriving(limit))
    if (page === undefined || page === CHUNK_COMPLETE) return page
    this.#rest = page // the reader is behind it already: were it measured in vain, it would be lost to another attempt
    const fitting = this.#fitting(page)
    this.#rest = fitting < page.items.length ? partOfPage(page, fitting, page.items.length) : undefined
    if (fitting === 0 && page.items.length > 0) return CHUNK_COMPLETE
    const handed = fitting === page.items.length ? page : partOfPage(page, 0, fitting)
    const records = fitting + (handed.fault === undefined ? 0 : 1)
    if (this.#items === 0 && records > 0) this.#since = this.#parts.clock.monotonic()
    this.#items += records
    return handed
  }

  async #arriving(limit: number): ReturnType<PageSupply['next']> {
    this.#late ??= this.#parts.reader.read(this.#pageLimit(limit))
    let isLate = false
    try {
      const page = await (this.#items === 0 ? this.#late : this.#untilTimeIsUp(this.#late))
      isLate = page === CHUNK_COMPLETE
      return page
    } finally {
      if (!isLate) this.#late = undefined
    }
  }

  async #untilTimeIsUp(late: Promise<Page<unknown> | undefined>): ReturnType<PageSupply['next']> {
    const { clock, ending } = this.#parts
    const left = this.#millisecondsLeft()
    if (left === Infinity) return late
    const waiting = new AbortController()
    const wake = () => waiting.abort()
    ending.addEventListener('abort', wake, { once: true })
    if (ending.aborted) wake()
    const complete = (): typeof CHUNK_COMPLETE => CHUNK_COMPLETE
    late.catch(() => {}) // where it fails behind this chunk, the next one is told
    try {
      return await Promise.race([late, clock.sleep(left, waiting.signal).then(complete, complete)])
    } finally {
      ending.removeEventListener('abort', wake)
      wake()
    }
  }

  #millisecondsLeft(): number {
    const { maxMilliseconds } = this.#parts.limits
    if (maxMilliseconds === undefined) return Infinity
    return this.#since + maxMilliseconds - this.#parts.clock.monotonic()
  }

  /** How many of the page's items still fit. The first of a chunk always does, however large it is. */
  #fitting({ items }: Page<unknown>): number {
    const { maxBytes, bytesOf } = this.#parts.limits
    if (maxBytes === undefined) return items.length
    let total = this.#bytes
    let fitting = 0
    for (const item of items) {
      const bytes = checkedBytes(bytesOf(item))
      if (this.#items + fitting > 0 && total + bytes > maxBytes) break
      total += bytes
      fitting += 1
    }
    this.#measured.items += fitting
    this.#measured.bytes += total - this.#bytes
    this.#bytes = total
    return fitting
  }

  /** Not much more than will fit, so that large items are not read by the hundred only to wait. */
  #pageLimit(limit: number): number {
    const { maxBytes } = this.#parts.limits
    if (maxBytes === undefined) return limit
    const { items, bytes } = this.#measured
    if (items === 0) return Math.min(limit, FIRST_PAGE)
    const expected = Math.ceil((maxBytes - this.#bytes) / Math.max(bytes / items, 1))
    return Math.min(limit, Math.max(expected, 1))
  }
}

function checkedBytes(bytes: number): number {
  if (bytes >= 0) return bytes
  throw new Error(`bytesOf answered ${bytes}; it must answer a number of bytes`)
}

/** A fault stands behind a page's last item, so it belongs to the part that ends the page. */
function partOfPage(page: Page<unknown>, from: number, to: number): Page<unknown> {
  const part = {
    items: page.items.slice(from, to),
    checkpointAfter: (index: number) => page.checkpointAfter(from + index),
    positionOf: (index: number) => page.positionOf(from + index),
  }
  return page.fault === undefined || to < page.items.length ? part : { ...part, fault: page.fault }
}
