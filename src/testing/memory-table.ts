/** A table in memory whose rows are written in the chunk's transaction: exactly once, without a server. */
import { inspect } from 'node:util'
import type { ItemWriter } from '../core/ports/item-writer.ts'
import type { Transaction } from '../core/ports/resource.ts'
import { MEMORY_TRANSACTION, type MemoryChange } from '../repository/memory/memory-transaction.ts'

export interface MemoryTableOptions<T> {
  /** For messages. @default 'memory table' */
  readonly name?: string
  /** Tells rows apart, as a primary key does. @default rows may be alike */
  readonly key?: (row: T) => string | number | bigint
  /** What becomes of a row whose key is there: an error with Postgres' code 23505, or the new row in place of the old. @default 'fail' */
  readonly onConflict?: 'fail' | 'update'
}

/** What it is given it copies, so that a row that is changed later changes nothing here. */
export interface MemoryTable<T> {
  /** The committed rows, in the order of their commits; with a transaction also those that wait in it. */
  readonly rows: (transaction?: Transaction) => readonly T[]
  /**
   * In the transaction of a chunk or a tasklet; without one, at once. On a job repository that is not in memory it is at
   * once too, whatever becomes of the transaction.
   */
  readonly insert: (rows: readonly T[], transaction?: Transaction) => void
  readonly clear: () => void
  readonly writer: ItemWriter<T>
}

export function memoryTable<T>(options: MemoryTableOptions<T> = {}): MemoryTable<T> {
  const { name = 'memory table', key, onConflict = 'fail' } = options
  let committed: readonly T[] = []
  /** Of the changes that are ours, whatever else waits in their transaction. */
  const rowsIn = new WeakMap<MemoryChange, readonly T[]>()
  const merged = (before: readonly T[], added: readonly T[]): readonly T[] =>
    key === undefined ? [...before, ...added] : mergeByKey(name, key, onConflict, before, added)
  const withWaiting = (changes: readonly MemoryChange[]): readonly T[] =>
    changes.reduce((rows, change) => merged(rows, rowsIn.get(change) ?? []), committed)
  const insert = (rows: readonly T[], transaction?: Transaction): void => {
    const copies = rows.map((row) => structuredClone(row))
    const memory = transaction?.find(MEMORY_TRANSACTION)
    if (memory === undefined) {
      committed = merged(committed, copies)
      return
    }
    merged(withWaiting(memory.changes()), copies)
    const change: MemoryChange = {
      check: () => void withWaiting(memory.changes()),
      apply: () => void (committed = merged(committed, copies)),
    }
    rowsIn.set(change, copies)
    memory.add(change)
  }
  return {
    rows: (transaction) => withWaiting(transaction?.find(MEMORY_TRANSACTION)?.changes() ?? []),
    insert,
    clear: () => void (committed = []),
    writer: {
      kind: 'memory-table',
      description: `memory table ${name}`,
      guarantee: 'transactional',
      needs: {
        resource: MEMORY_TRANSACTION,
        fallback: key !== undefined && onConflict === 'update' ? 'idempotent' : 'at-least-once',
      },
      open: async () => ({
        write: async (rows, transaction) => insert(rows, transaction),
        close: async () => {},
      }),
    },
  }
}

/** All rows or none: throws at the first conflict. */
function mergeByKey<T>(
  name: string,
  key: (row: T) => string | number | bigint,
  onConflict: 'fail' | 'update',
  before: readonly T[],
  added: readonly T[],
): readonly T[] {
  const rows = new Map(before.map((row) => [key(row), row]))
  for (const row of added) {
    if (onConflict === 'fail' && rows.has(key(row))) throw duplicateKey(name, key(row))
    rows.set(key(row), row)
  }
  return [...rows.values()]
}

function duplicateKey(name: string, key: string | number | bigint): Error {
  return Object.assign(new Error(`${name} has a row with the key ${inspect(key)} already`), { code: '23505' })
}
