/** The opened writers behind one writer, moved together from chunk to chunk. */
import type { Checkpoint } from '../core/model/json-value.ts'
import type { ItemSink, ItemWriter, WriteSummary } from '../core/ports/item-writer.ts'
import { failedItems, type ItemFailure, itemsFailed } from '../core/ports/items-failed.ts'
import type { Transaction } from '../core/ports/resource.ts'
import { type DelegateStand, encodeStands, NOWHERE } from './delegate-checkpoint.ts'
import { reachAll } from './reach-all.ts'

export interface Delegate {
  readonly name: string
  readonly sink: ItemSink<unknown>
}

/** How a chunk is dealt out. */
export interface Sharing<T> {
  readonly shares: (items: readonly T[]) => Shares
  /** Whether each item goes to one delegate only, so that one that it refuses is written nowhere. */
  readonly exclusive: boolean
}

export interface Shares {
  /** At least one item each. */
  readonly taken: readonly Share[]
  /** Those that nobody takes. */
  readonly refused: readonly ItemFailure[]
}

export interface Share {
  readonly name: string
  readonly items: readonly unknown[]
  /** The place of each in the chunk. */
  readonly indexes: readonly number[]
}

export interface DelegatingParts<T> {
  readonly writers: ReadonlyMap<string, ItemWriter<unknown>>
  readonly delegates: readonly Delegate[]
  readonly sharing: Sharing<T>
  /** As committed before. */
  readonly stands: ReadonlyMap<string, DelegateStand>
  readonly isTransactional: boolean
}

/** A share whose encoding is done, and the rest of its write. */
interface PreparedShare extends Share {
  readonly write: (transaction: Transaction) => Promise<void>
}

interface PreparedShares {
  readonly shares: readonly PreparedShare[]
  readonly refused: readonly ItemFailure[]
}

/**
 * The moves: `write` (once, or in parts) → `checkpoint` → committed, which the next `write` tells, or `rolledBack`. A
 * delegate that is given nothing of a chunk is not asked anything about that chunk.
 */
export class DelegatingSink<T> {
  readonly #parts: DelegatingParts<T>
  readonly #sinks: ReadonlyMap<string, ItemSink<unknown>>
  /** Those that were given something of the chunk at hand. */
  #touched: ReadonlySet<string> = new Set()
  #items: ReadonlyMap<string, number>
  #stands: ReadonlyMap<string, DelegateStand>
  /** Handed out by `checkpoint`; committed, if nobody says otherwise. */
  #offered: ReadonlyMap<string, DelegateStand> | undefined

  constructor(parts: DelegatingParts<T>) {
    this.#parts = parts
    this.#sinks = new Map(parts.delegates.map(({ name, sink }) => [name, sink]))
    this.#stands = parts.stands
    this.#items = itemsOf(parts.stands)
  }

  asSink(): ItemSink<T> {
    const { delegates, sharing } = this.#parts
    const has = (part: keyof ItemSink<unknown>) => delegates.some(({ sink }) => sink[part] !== undefined)
    const all = (part: keyof ItemSink<unknown>) => delegates.every(({ sink }) => sink[part] !== undefined)
    const writableInParts = delegates.every(
      ({ sink }) => sink.rolledBack === undefined || sink.savepoint !== undefined,
    )
    return {
      write: (items, transaction) => this.#prepare(items)(transaction),
      ...(has('prepare') ? { prepare: (items) => this.#prepare(items) } : {}),
      // What is prepared cannot fail any more between the statements of two delegates.
      ...(all('pipelined') && all('prepare') ? { pipelined: true } : {}),
      ...(has('checkpoint') || (has('complete') && sharing.exclusive)
        ? { checkpoint: () => this.#checkpoint() }
        : {}),
      rolledBack: () => this.#rolledBack(),
      ...(writableInParts ? { savepoint: () => this.#savepoint() } : {}),
      ...(has('complete') ? { complete: (summary) => this.#complete(summary) } : {}),
      close: () => reachAll(delegates, ({ sink }) => sink.close()),
    }
  }

  /** What fails here fails when it is its turn: until then the chunk before may be rolled back, and is told so by the same call. */
  #prepare(items: readonly T[]): (transaction: Transaction) => Promise<void> {
    try {
      const prepared = this.#preparedShares(items)
      return (transaction) => this.#write(prepared, transaction)
    } catch (error) {
      return async () => {
        this.#begin([])
        throw error
      }
    }
  }

  #preparedShares(items: readonly T[]): PreparedShares {
    const { taken, refused } = this.#parts.sharing.shares(items)
    const shares = taken.map((share) => {
      const sink = this.#sinkOf(share.name)
      const write =
        sink.prepare?.(share.items) ?? ((transaction: Transaction) => sink.write(share.items, transaction))
      return { ...share, write }
    })
    return { shares, refused }
  }

  /** All delegates begin at once where each puts its statements in order; else one after the other. */
  async #write({ shares, refused }: PreparedShares, transaction: Transaction): Promise<void> {
    this.#begin(shares)
    const failures = [...refused]
    if (this.#parts.delegates.every(({ sink }) => sink.pipelined === true)) {
      const settled = await Promise.allSettled(shares.map((share) => this.#give(share, transaction)))
      for (const [index, one] of settled.entries())
        if (one.status === 'rejected') this.#judge(shares[index], one.reason, failures)
    } else {
      for (const share of shares)
        await this.#give(share, transaction).catch((error: unknown) => this.#judge(share, error, failures))
    }
    if (failures.length > 0) throw itemsFailed(failures.toSorted((one, other) => one.index - other.index))
  }

  /** One that was not called, since another failed before it, has nothing to roll back, and would go back behind its last chunk. */
  #give({ name, write }: PreparedShare, transaction: Transaction): Promise<void> {
    this.#touched = new Set([...this.#touched, name])
    return write(transaction)
  }

  /** Counts what is given, before anything is sent: a pipelined chunk's checkpoint is asked for early. */
  #begin(shares: readonly PreparedShare[]): void {
    if (this.#offered !== undefined) {
      this.#stands = this.#offered
      this.#offered = undefined
      this.#touched = new Set()
    }
    const items = new Map(this.#items)
    for (const { name, items: given } of shares) items.set(name, (items.get(name) ?? 0) + given.length)
    this.#items = items
  }

  /**
   * Items that a delegate names are nowhere else where each goes to one delegate, so the others can be written. Where all
   * delegates get all items, the named ones may stand elsewhere already: unless a rollback undoes that, the chunk has failed
   * as a whole.
   */
  #judge(share: PreparedShare | undefined, error: unknown, failures: ItemFailure[]): void {
    const named = failedItems(error)
    const { sharing, isTransactional } = this.#parts
    if (named === undefined || share === undefined) throw error
    if (!sharing.exclusive && !isTransactional) throw wholeChunk(share.name, named)
    if (!isTransactional) this.#uncount(share.name, named.length)
    failures.push(...named.map((one) => ({ index: share.indexes[one.index] ?? one.index, error: one.error })))
  }

  /** They are not written, and come again if they are retried; the others of their chunk stay. */
  #uncount(name: string, items: number): void {
    this.#items = new Map(this.#items).set(name, (this.#items.get(name) ?? 0) - items)
  }

  #checkpoint(): Checkpoint {
    const { writers, delegates } = this.#parts
    this.#offered = new Map(
      delegates.map(({ name, sink }) => {
        const before = this.#stands.get(name) ?? NOWHERE
        const at = this.#touched.has(name) ? sink.checkpoint?.() : before.at
        return [name, { items: this.#items.get(name) ?? 0, at }]
      }),
    )
    return encodeStands(writers, this.#offered)
  }

  async #rolledBack(): Promise<void> {
    const touched = this.#parts.delegates.filter(({ name }) => this.#touched.has(name))
    this.#offered = undefined
    this.#touched = new Set()
    this.#items = itemsOf(this.#stands)
    await reachAll(touched, async ({ sink }) => sink.rolledBack?.())
  }

  /** A chunk has begun, whether it was written before or not: going back must not lead into the chunk before. */
  #savepoint(): () => Promise<void> {
    this.#begin([])
    const [touched, items] = [this.#touched, this.#items]
    const goBacks = this.#parts.delegates.map(({ sink }) => sink.savepoint?.())
    return async () => {
      this.#touched = touched
      this.#items = items
      await reachAll(goBacks, async (goBack) => goBack?.())
    }
  }

  /** In their order, and no further than the first that fails: a restart completes all of them again. */
  async #complete(summary: WriteSummary): Promise<void> {
    const { delegates, sharing } = this.#parts
    for (const { name, sink } of delegates)
      await sink.complete?.(sharing.exclusive ? { writeCount: this.#items.get(name) ?? 0 } : summary)
  }

  #sinkOf(name: string): ItemSink<unknown> {
    const sink = this.#sinks.get(name)
    if (sink === undefined) throw new Error(`there is no writer ${name}`)
    return sink
  }
}

function itemsOf(stands: ReadonlyMap<string, DelegateStand>): ReadonlyMap<string, number> {
  return new Map([...stands].map(([name, { items }]) => [name, items]))
}

/** Without the names of the items, which hold for one delegate only. */
function wholeChunk(name: string, [first, ...others]: readonly ItemFailure[]): Error {
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return new Error(
    `writer ${name} could not write item ${(first?.index ?? 0) + 1} of the chunk${more}, which the other writers may have written already`,
    { cause: first?.error },
  )
}
