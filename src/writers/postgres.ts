/** Writes items into a Postgres table: by COPY, or by INSERT … ON CONFLICT when asked. */
import { untilAborted } from '../core/model/until-aborted.ts'
import type { ClientBase } from 'pg'
import type { Guarantee, ItemSink, ItemWriter, WriterScope } from '../core/ports/item-writer.ts'
import { copyChunk, type WriteChunk } from '../postgres/copy-chunk.ts'
import { type HeldPool, holdPool, type PostgresConnection } from '../postgres/own-connection.ts'
import { PG_CLIENT, pgClient } from '../postgres/resources.ts'
import { lookUpTable } from '../postgres/table-columns.ts'
import type { TableName } from '../postgres/table-name.ts'
import { upsertChunk } from '../postgres/upsert-chunk.ts'
import { matchTable, planWrite, type WritePlan } from '../postgres/write-plan.ts'
import type { ColumnValue } from '../postgres/written-column.ts'

export interface PostgresWriterOptions<T> {
  /** `trade`, `accounts.trade`, or `{ schema, name }` where a name holds a dot. */
  readonly table: TableName
  /**
   * Which columns are written: a list of the item's keys, where columns are named like them; or a mapping from each
   * column to the item's key or to a function of the item.
   *
   * Columns that are not named get their default. `null` and `undefined` both become null.
   */
  readonly columns: WriterColumns<T>
  /**
   * What happens to an item whose key is in the table already. Without it that is an error, and COPY is used, which is
   * the fastest way in.
   *
   * `'nothing'` leaves the row as it is. With `keys`, the columns of a unique index, `update` names the columns that
   * get the item's values; `'all'` means all written columns but the keys.
   */
  readonly onConflict?:
    | 'nothing'
    | { readonly keys: readonly string[]; readonly update: readonly string[] | 'all' }
  /**
   * Writes into this database, each chunk in a transaction of its own, and no longer together with the step's progress.
   * @default the chunk's transaction, in the job repository's database
   */
  readonly connection?: PostgresConnection
}

export type WriterColumns<T> = readonly (keyof T & string)[] | Readonly<Record<string, ColumnValue<T>>>

/** The same, where the item type is not said but follows from the columns. */
export interface PostgresWriterOptionsByColumns<C extends string> extends Omit<
  PostgresWriterOptions<object>,
  'columns'
> {
  /** The item's keys, or a mapping from each column to the item's key. */
  readonly columns: readonly C[] | Readonly<Record<string, C>>
}

/**
 * Writes each chunk in the transaction that holds the step's progress, so that every item is written once whatever
 * happens. Table, columns and keys are checked when the step begins; nothing is written before.
 *
 * Say the item type, as in `postgresWriter<Trade>`, where a column's value is a function of the item or an optional
 * property; otherwise the compiler compares the columns with what the processor or the reader gives.
 *
 * @throws BatchError INVALID_WRITER_OPTIONS at once for options that contradict themselves; when opened, for a table
 * or a column that does not exist.
 */
export function postgresWriter<T extends object>(options: PostgresWriterOptions<T>): ItemWriter<T>
export function postgresWriter<C extends string>(
  options: PostgresWriterOptionsByColumns<C>,
): ItemWriter<{ readonly [K in C]: unknown }>
export function postgresWriter<T extends object>(options: PostgresWriterOptions<T>): ItemWriter<T> {
  const plan = planWrite(options)
  const repeated: Guarantee = plan.conflict === undefined ? 'at-least-once' : 'idempotent'
  const writer = {
    kind: 'postgres',
    description: `${plan.conflict === undefined ? 'copy' : 'upsert'} into table ${plan.table.text}`,
    open: (scope: WriterScope) => openSink(plan, options.connection, scope),
  }
  if (options.connection !== undefined) return { ...writer, guarantee: repeated }
  return { ...writer, guarantee: 'transactional', needs: { resource: PG_CLIENT, fallback: repeated } }
}

async function openSink<T>(
  plan: WritePlan<T>,
  connection: PostgresConnection | undefined,
  scope: WriterScope,
): Promise<ItemSink<T>> {
  const held = holdPool(connection, scope.resources, { by: 'postgresWriter', code: 'INVALID_WRITER_OPTIONS' })
  try {
    const facts = lookUpTable(held.pool, plan.table, 'INVALID_WRITER_OPTIONS')
    const columns = matchTable(plan, await untilAborted(facts, scope.signal))
    const { table, conflict } = plan
    const write = conflict === undefined ? copyChunk(table, columns) : upsertChunk(table, columns, conflict)
    return connection === undefined ? chunkTransactionSink(write, held) : ownTransactionSink(write, held)
  } catch (error) {
    await held.close()
    throw error
  }
}

/** The transaction's connection is the repository's: errors and the end of the transaction are its business. */
function chunkTransactionSink<T>(write: WriteChunk<T>, held: HeldPool): ItemSink<T> {
  return {
    pipelined: true,
    prepare: (items) => {
      const send = write(items)
      return (transaction) => send(pgClient(transaction))
    },
    write: (items, transaction) => write(items)(pgClient(transaction)),
    close: held.close,
  }
}

function ownTransactionSink<T>(write: WriteChunk<T>, held: HeldPool): ItemSink<T> {
  return {
    write: async (items) => {
      const send = write(items)
      const client = await held.pool.connect()
      client.on('error', ignoreLoss)
      let broken = true
      try {
        broken = !(await inTransaction(client, () => send(client)))
      } finally {
        client.off('error', ignoreLoss)
        client.release(broken)
      }
    },
    close: held.close,
  }
}

async function inTransaction(client: ClientBase, work: () => Promise<void>): Promise<true> {
  await client.query('begin')
  try {
    await work()
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(ignoreLoss)
    throw error
  }
  return true
}

/** The statement in flight reports the lost connection; the event alone would end the process. */
function ignoreLoss(): void {}
