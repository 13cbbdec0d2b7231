/** What a reader was asked to read, checked for itself, and then against the table. */
import { BatchError } from '../core/model/batch-error.ts'
import {
  CASSANDRA_CONSISTENCIES,
  type CassandraColumn,
  type CassandraConsistency,
  type CassandraRing,
  type CassandraTable,
  type CassandraTableName,
  type ClusteringBound,
  type CqlValue,
  type PartitionSpan,
  SERIAL_CONSISTENCIES,
  type SerialConsistency,
} from './cassandra-client.ts'
import { checkConsistency } from './check-consistency.ts'
import { fitValue } from './fit-value.ts'
import type { PartitionReadSpan } from './scan/read-span.ts'
import { columnOf, type CqlTableName, describeName, tableName } from './table-name.ts'
import { HIGHEST_TOKEN, LOWEST_TOKEN, type TokenRange, WHOLE_RING } from './token-ranges.ts'

/** Values by the names of their columns. */
export type ColumnValues = Readonly<Record<string, unknown>>

/** Of the rows of a partition: the first clustering columns at one value, the next within bounds. */
export interface ClusteringRange {
  readonly equals?: ColumnValues
  /** From this value on, or behind it. One column, the one behind those of `equals`; so are the others. */
  readonly from?: ColumnValues
  readonly after?: ColumnValues
  /** Up to and with this value, or only before it. */
  readonly to?: ColumnValues
  readonly before?: ColumnValues
}

export interface ReadRequest {
  readonly table: CqlTableName
  readonly columns?: readonly string[]
  readonly keys?: readonly ColumnValues[]
  readonly clustering?: ClusteringRange
  readonly range?: TokenRange
  readonly consistency?: CassandraConsistency | SerialConsistency
  readonly fetchSize?: number
  readonly concurrency?: number
}

export interface ReadPlan {
  /** For messages: `table accounts.trade`. */
  readonly description: string
  readonly table: CassandraTableName
  /** Of the items; undefined for all. */
  readonly columns: readonly string[] | undefined
  readonly keys: readonly ColumnValues[] | undefined
  readonly clustering: ClusteringRange
  readonly range: TokenRange
  readonly consistency: CassandraConsistency | SerialConsistency
  readonly fetchSize: number
  readonly concurrency: number
}

const CODE = 'INVALID_READER_OPTIONS'
/** Measured: larger pages gain nothing, and `concurrency` of them are in memory. */
const FETCH_SIZE = 2_000
const CONCURRENCY = 4

/** @throws BatchError INVALID_READER_OPTIONS */
export function planRead(request: ReadRequest): ReadPlan {
  const { columns, keys, clustering = {}, range = WHOLE_RING } = request
  const { fetchSize = FETCH_SIZE, concurrency = CONCURRENCY, consistency = 'local-quorum' } = request
  const table = tableName(request.table, CODE)
  for (const [name, value] of Object.entries({ fetchSize, concurrency })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw refused(table, `${name} is ${value}; it must be at least 1`)
  }
  const consistencies = [...CASSANDRA_CONSISTENCIES, ...SERIAL_CONSISTENCIES]
  checkConsistency('consistency', consistency, consistencies, (reason) => refused(table, reason))
  if (columns?.length === 0) throw refused(table, 'columns is empty; leave it out for all columns')
  if (keys === undefined && Object.keys(clustering).length > 0)
    throw refused(table, "'clustering' is of partitions: name them with 'keys'")
  if (keys !== undefined && request.range !== undefined)
    throw refused(table, "both 'keys' and 'range' are given; name one")
  if (range.after < LOWEST_TOKEN || range.upTo > HIGHEST_TOKEN || range.after >= range.upTo)
    throw refused(table, `range is from ${range.after} to ${range.upTo}, which holds no token`)
  const description = `cassandra table ${describeName(table)}${keys === undefined ? '' : `, ${counted(keys.length)}`}`
  return { description, table, columns, keys, clustering, range, consistency, fetchSize, concurrency }
}

function counted(keys: number): string {
  return keys === 1 ? '1 partition' : `${keys} partitions`
}

/** What the reader asks for: the key's columns too, by which it finds itself again. */
export interface ReadTarget {
  readonly table: CassandraTable
  readonly selected: readonly string[]
  /** Of the items, with their types. */
  readonly columns: readonly CassandraColumn[]
  /** Undefined where the table is read by token. */
  readonly partitions: readonly PartitionReadSpan[] | undefined
}

/** @throws BatchError INVALID_READER_OPTIONS */
export function matchTable(plan: ReadPlan, table: CassandraTable): ReadTarget {
  const columns = plan.columns?.map((name) => columnOf(table, name, CODE)) ?? table.columns
  const names = columns.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw refused(plan.table, `columns names ${twice} twice`)
  const keys = [...table.partitionKey, ...table.clusteringKey].map(({ name }) => name)
  const bounds = clusteringBounds(plan, table)
  return {
    table,
    columns,
    selected: [...names, ...keys.filter((key) => !names.includes(key))],
    partitions: plan.keys?.map((key, keyIndex) => ({
      by: 'partition',
      from: { by: 'partition', key: partitionKeyOf(plan, table, key), ...bounds },
      keyIndex,
    })),
  }
}

function partitionKeyOf(plan: ReadPlan, table: CassandraTable, key: ColumnValues): readonly CqlValue[] {
  const names = table.partitionKey.map(({ name }) => name)
  const foreign = Object.keys(key).find((name) => !names.includes(name))
  if (foreign !== undefined || names.some((name) => key[name] === undefined)) {
    throw refused(
      plan.table,
      `a key names ${Object.keys(key).join(', ') || 'nothing'}; the partition key is (${names.join(', ')})`,
    )
  }
  return table.partitionKey.map((column) => valueFor(plan, column, key[column.name]))
}

function clusteringBounds(plan: ReadPlan, table: CassandraTable): Omit<PartitionSpan, 'by' | 'key'> {
  const { equals = {}, from, after, to, before } = plan.clustering
  const fixed = table.clusteringKey.slice(0, Object.keys(equals).length)
  const names = table.clusteringKey.map(({ name }) => name)
  if (fixed.length !== Object.keys(equals).length || fixed.some(({ name }) => equals[name] === undefined)) {
    throw refused(
      plan.table,
      `clustering.equals names ${Object.keys(equals).join(', ')}; it must name the first of the clustering columns (${names.join(', ')})`,
    )
  }
  if (from !== undefined && after !== undefined)
    throw refused(plan.table, "clustering has both 'from' and 'after'")
  if (to !== undefined && before !== undefined)
    throw refused(plan.table, "clustering has both 'to' and 'before'")
  const lower = boundOf(plan, table, fixed.length, from ?? after, from !== undefined)
  const upper = boundOf(plan, table, fixed.length, to ?? before, to !== undefined)
  return {
    equals: fixed.map((column) => valueFor(plan, column, equals[column.name])),
    ...(lower !== undefined && { lower }),
    ...(upper !== undefined && { upper }),
  }
}

function boundOf(
  plan: ReadPlan,
  table: CassandraTable,
  level: number,
  wanted: ColumnValues | undefined,
  inclusive: boolean,
): ClusteringBound | undefined {
  if (wanted === undefined) return undefined
  const column = table.clusteringKey[level]
  const names = Object.keys(wanted)
  if (column === undefined || names.length !== 1 || names[0] !== column.name) {
    throw refused(
      plan.table,
      `a bound of clustering names ${names.join(', ')}; it must name ${column?.name ?? 'none'}, the clustering column behind those of 'equals'`,
    )
  }
  return { value: valueFor(plan, column, wanted[column.name]), inclusive }
}

function valueFor({ table }: ReadPlan, column: CassandraColumn, value: unknown): CqlValue {
  if (value === null || value === undefined) throw refused(table, `${column.name} has no value`)
  try {
    return fitValue(value, column.type)
  } catch (error) {
    throw refused(table, `${column.name}: ${(error as Error).message}`)
  }
}

/** @throws BatchError INVALID_READER_OPTIONS where keys have no tokens that are numbers in order */
export function checkRing({ table }: ReadPlan, { partitioner }: CassandraRing): void {
  if (partitioner === 'Murmur3Partitioner') return
  throw refused(
    table,
    `the cluster's partitioner is ${partitioner}; whole tables are read with Murmur3Partitioner only, so name partitions with 'keys'`,
  )
}

function refused(table: CassandraTableName, reason: string): BatchError {
  return new BatchError(CODE, `cassandraReader for table ${describeName(table)}: ${reason}`, {
    details: { table: describeName(table) },
  })
}
