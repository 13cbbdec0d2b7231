/** What a writer was asked to write, checked for itself. */
import { BatchError } from '../../core/model/batch-error.ts'
import type { Guarantee } from '../../core/ports/item-writer.ts'
import {
  CASSANDRA_CONSISTENCIES,
  type CassandraConsistency,
  type CassandraMutationOptions,
  type CassandraTableName,
  type MutationShape,
  SERIAL_CONSISTENCIES,
  type SerialConsistency,
} from '../cassandra-client.ts'
import { checkConsistency } from '../check-consistency.ts'
import { type CqlTableName, describeName, tableName } from '../table-name.ts'

/** The item's key, or a function of the item. */
export type ColumnValue<T> = (keyof T & string) | ((item: T) => unknown)

export type MutationOperation = MutationShape['operation']

/** What is accepted of a write that is not the same when it is done twice. */
export interface AcceptsRepeats {
  readonly accept: 'at-least-once'
}

export interface WriteCondition extends AcceptsRepeats {
  /** `not-exists` is for inserts, `exists` for updates and deletes. */
  readonly when: 'not-exists' | 'exists'
  /** What becomes of an item whose condition does not hold: nothing, or it fails. */
  readonly otherwise: 'keep' | 'fail'
}

/** What an author says of a write. */
export interface WriteRequest<T> {
  /** `trade`, `accounts.trade`, or `{ keyspace, name }` where a name holds a dot. */
  readonly table: CqlTableName
  /**
   * Which columns are written: a list of the item's keys, where columns are named like them; or a mapping from each
   * column to the item's key or to a function of the item. The primary key is among them.
   *
   * `undefined` leaves a column as it is; `null` takes its value away, which writes a tombstone.
   */
  readonly columns: CassandraWriterColumns<T>
  /** A delete takes the whole row away, and of `columns` only the key. @default 'insert' */
  readonly operation?: MutationOperation | ((item: T) => MutationOperation)
  /** Seconds after which what was written is gone; 0 for ever. @default the table's */
  readonly ttl?: number | ((item: T) => number | undefined)
  /**
   * Which of two writes to a row is the newer one: a moment of the item, as a Date or in microseconds; or `'execution'`, when this
   * execution began, and a microsecond later for each item. A restart that writes a chunk again, or a process that was given up and
   * still runs, then overwrites nothing that is newer.
   * @default the time of writing
   */
  readonly timestamp?: 'execution' | ((item: T) => Date | bigint)
  /** @default 'local-quorum' */
  readonly consistency?: CassandraConsistency
  /** Of conditions. @default 'local-serial' */
  readonly serialConsistency?: SerialConsistency
  /** Requests under way at most; how many there are depends on how quickly they are answered. @default 256 */
  readonly concurrency?: number
  /** Items of a chunk that belong to one partition go there in one unlogged batch. @default each item alone */
  readonly batch?: 'partition'
  /** Writes only where the row is there, or is not: as a lightweight transaction, which is several times as slow. */
  readonly condition?: WriteCondition
  /** For a table of counters: the items' values are added. */
  readonly counter?: AcceptsRepeats
  /** These lists, sets or maps get the items' elements in addition to those that they have. */
  readonly append?: AcceptsRepeats & { readonly columns: readonly string[] }
}

export type CassandraWriterColumns<T> =
  | readonly (keyof T & string)[]
  | Readonly<Record<string, ColumnValue<T>>>

export interface WritePlan<T> {
  readonly table: CassandraTableName
  readonly columns: readonly { readonly name: string; readonly value: ColumnValue<T> }[]
  readonly operation: MutationOperation | ((item: T) => MutationOperation)
  readonly ttl: WriteRequest<T>['ttl']
  readonly timestamp: WriteRequest<T>['timestamp']
  readonly options: CassandraMutationOptions
  readonly concurrency: number
  readonly inBatches: boolean
  readonly condition: WriteCondition | undefined
  readonly isCounter: boolean
  readonly appended: readonly string[]
  readonly guarantee: Guarantee
}

const CODE = 'INVALID_WRITER_OPTIONS'
/** Far below what a driver's connection takes. */
const CONCURRENCY = 256
/** Cassandra's own limit: twenty years. */
const LONGEST_TTL = 630_720_000

/** @throws BatchError INVALID_WRITER_OPTIONS */
export function planWrite<T>(request: WriteRequest<T>): WritePlan<T> {
  const table = tableName(request.table, CODE)
  const { concurrency = CONCURRENCY, condition, counter, append, ttl, timestamp } = request
  const { consistency = 'local-quorum', serialConsistency = 'local-serial' } = request
  const isUpdate = counter !== undefined || append !== undefined
  const { operation = isUpdate ? 'update' : 'insert' } = request
  const columns = columnsOf(request.columns)
  checkColumns(table, columns)
  if (!Number.isSafeInteger(concurrency) || concurrency < 1)
    throw refused(table, `concurrency is ${concurrency}; it must be at least 1`)
  const refuse = (reason: string): BatchError => refused(table, reason)
  checkConsistency('consistency', consistency, CASSANDRA_CONSISTENCIES, refuse)
  checkConsistency('serialConsistency', serialConsistency, SERIAL_CONSISTENCIES, refuse)
  if (typeof ttl === 'number') checkTtl(ttl, refuse)
  if (isUpdate && operation !== 'update')
    throw refused(table, `counters and appended columns are updated; leave 'operation' out`)
  checkAccepted(table, { ...request, operation })
  const repeats = condition !== undefined || isUpdate
  return {
    table,
    columns,
    operation,
    ttl,
    timestamp,
    options: { consistency, serialConsistency, idempotent: !repeats },
    concurrency,
    inBatches: request.batch === 'partition',
    condition,
    isCounter: counter !== undefined,
    appended: append?.columns ?? [],
    guarantee: repeats ? 'at-least-once' : 'idempotent',
  }
}

function columnsOf<T>(columns: WriteRequest<T>['columns']): WritePlan<T>['columns'] {
  if (isList(columns)) return columns.map((name) => ({ name, value: name }))
  return Object.entries(columns).map(([name, value]) => ({ name, value }))
}

function isList<T>(columns: WriteRequest<T>['columns']): columns is readonly (keyof T & string)[] {
  return Array.isArray(columns)
}

function checkColumns<T>(table: CassandraTableName, columns: WritePlan<T>['columns']): void {
  const names = columns.map(({ name }) => name)
  if (names.length === 0) throw refused(table, 'no columns are named')
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw refused(table, `column ${twice} is named twice`)
}

/** @throws what `refuse` makes of the reason */
export function checkTtl(ttl: number, refuse: (reason: string) => Error): void {
  if (Number.isSafeInteger(ttl) && ttl >= 0 && ttl <= LONGEST_TTL) return
  throw refuse(`ttl is ${ttl}; it must be whole seconds from 0, which is for ever, to ${LONGEST_TTL}`)
}

function checkAccepted<T>(table: CassandraTableName, request: WriteRequest<T>): void {
  const { condition, counter, append, batch, ttl, timestamp, operation } = request
  for (const [option, value] of Object.entries({ condition, counter, append })) {
    if (value !== undefined && value.accept !== 'at-least-once') {
      throw refused(
        table,
        `${option} may write an item twice after a crash: say ${option}: { …, accept: 'at-least-once' } where that is right`,
      )
    }
  }
  if (counter !== undefined && (ttl !== undefined || timestamp !== undefined))
    throw refused(table, 'counters have neither ttl nor timestamp')
  if (condition === undefined) return
  if (counter !== undefined) throw refused(table, 'counters cannot be written under a condition')
  if (timestamp !== undefined)
    throw refused(table, 'what is written under a condition gets its timestamp from Cassandra')
  if (batch !== undefined) throw refused(table, 'a condition is checked item by item; leave batch out')
  const fitting = condition.when === 'not-exists' ? operation === 'insert' : operation !== 'insert'
  if (!fitting || typeof operation === 'function') {
    throw refused(
      table,
      `condition '${condition.when}' does not go with this operation: 'not-exists' is for 'insert', 'exists' for 'update' and 'delete'`,
    )
  }
}

/** `WriteRefused` of a table, with its name. */
export function refused(table: CassandraTableName, reason: string): BatchError {
  return new BatchError(CODE, `cassandraWriter for table ${describeName(table)}: ${reason}`, {
    details: { table: describeName(table) },
  })
}
