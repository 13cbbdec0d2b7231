/** Writes to Cassandra in memory: cell by cell the newest timestamp wins. */
import type { CassandraColumn, CassandraMutation, CqlValue } from '../../cassandra/cassandra-client.ts'
import type { CqlType } from '../../cassandra/cql-type.ts'
import { responseError } from './disturbances.ts'
import { compareValues, copied, isVisible, visibleValue } from './memory-rows.ts'
import {
  emptyRow,
  keyText,
  partitionOf,
  type StoredCell,
  type StoredPartition,
  type StoredRow,
  type StoredTable,
} from './memory-tables.ts'

export interface MutationStep {
  /** Whether its condition does. */
  readonly holds: boolean
  readonly apply: () => void
}

export function applyMutation(
  stored: StoredTable,
  mutation: CassandraMutation,
  now: bigint,
  at: Date,
): MutationStep {
  const { shape } = mutation
  const { table } = stored
  const valueOf = (name: string): CqlValue => mutation.key[shape.key.indexOf(name)] ?? null
  const missing = shape.key.find((name) => valueOf(name) === null)
  if (missing !== undefined)
    throw responseError(0x2200, `Invalid null value in condition for column ${missing}`)
  const partition = partitionOf(stored, keyOf(table.partitionKey, valueOf))
  const clustering = keyOf(table.clusteringKey, valueOf)
  const text = keyText(table.clusteringKey, clustering)
  // A write of static columns alone names no row.
  const isOfPartition = clustering.some((value) => value === null)
  const row = partition.rows.get(text) ?? emptyRow(clustering)
  const exists = isVisible(row, at)
  return {
    holds: shape.condition === undefined || (shape.condition === 'exists') === exists,
    apply: () => {
      if (!isOfPartition) partition.rows.set(text, row)
      const timestamp = mutation.timestamp ?? now
      if (shape.operation === 'delete') return remove(row, timestamp)
      const expiresAt =
        mutation.ttl === undefined || mutation.ttl === 0 ? undefined : at.getTime() + mutation.ttl * 1000
      if (shape.operation === 'insert' && !isOfPartition) mark(row, { timestamp, expiresAt })
      for (const [index, value] of mutation.values.entries()) {
        if (value !== undefined)
          write(stored, { partition, row }, mutation, index, { timestamp, expiresAt, value }, at)
      }
    },
  }
}

function keyOf(
  columns: readonly CassandraColumn[],
  valueOf: (name: string) => CqlValue,
): readonly CqlValue[] {
  return columns.map(({ name, type }) => copied(valueOf(name), type))
}

function remove(row: StoredRow, timestamp: bigint): void {
  if (row.deletedAt === undefined || row.deletedAt < timestamp) row.deletedAt = timestamp
}

function mark(row: StoredRow, marker: NonNullable<StoredRow['marker']>): void {
  if (row.marker === undefined || row.marker.timestamp <= marker.timestamp) row.marker = marker
}

function write(
  { table }: StoredTable,
  { partition, row }: { readonly partition: StoredPartition; readonly row: StoredRow },
  { shape }: CassandraMutation,
  index: number,
  cell: StoredCell,
  at: Date,
): void {
  const { name, change } = shape.columns[index] as (typeof shape.columns)[number]
  const column = table.columns.find((one) => one.name === name)
  if (column === undefined) throw responseError(0x2200, `Undefined column name ${name}`)
  const target = column.role === 'static' ? partition.statics : row
  const value = orNone(
    changed(visibleValue(target, name, at), change, copied(cell.value, column.type)),
    column.type,
  )
  const before = target.cells.get(name)
  if (before === undefined || isNewer({ ...cell, value }, before)) target.cells.set(name, { ...cell, value })
}

function changed(before: CqlValue, change: 'set' | 'add' | 'append', value: CqlValue): CqlValue {
  if (change === 'set') return value
  if (change === 'add') return ((before ?? 0n) as bigint) + (value as bigint)
  return [...((before ?? []) as readonly CqlValue[]), ...(value as readonly CqlValue[])]
}

/** An empty collection is none, unless it is frozen. */
function orNone(value: CqlValue, type: CqlType): CqlValue {
  if (value === null || !('frozen' in type) || type.frozen) return value
  return [...(value as Iterable<unknown>)].length === 0 ? null : value
}

/** Of two that are equally old a tombstone wins, else the larger value. */
function isNewer(cell: StoredCell, before: StoredCell): boolean {
  if (cell.timestamp !== before.timestamp) return cell.timestamp > before.timestamp
  if (cell.value === null || before.value === null) return cell.value === null
  return compareValues(cell.value, before.value) > 0
}
