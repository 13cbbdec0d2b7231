/** What of the stored cells can be seen now, in the order in which Cassandra gives it. */
import type { CassandraColumn, CassandraRow, CqlValue } from '../../cassandra/cassandra-client.ts'
import type { CqlType } from '../../cassandra/cql-type.ts'
import { restoreValue, storeValue } from '../../cassandra/stored-value.ts'
import type { StoredCell, StoredPartition, StoredRow, StoredTable, Written } from './memory-tables.ts'

export interface VisibleRow {
  readonly row: CassandraRow
  readonly partition: StoredPartition
  readonly clustering: readonly CqlValue[]
}

/** By token, then by key, then by clustering values. */
export function* rowsOf(stored: StoredTable, now: Date): Generator<VisibleRow> {
  const partitions = [...stored.partitions.values()].toSorted(byToken)
  for (const partition of partitions) yield* rowsOfPartition(stored, partition, now)
}

export function byToken(one: StoredPartition, other: StoredPartition): number {
  if (one.token !== other.token) return one.token < other.token ? -1 : 1
  return Buffer.compare(Buffer.from(one.keyText), Buffer.from(other.keyText))
}

export function* rowsOfPartition(
  { table }: StoredTable,
  partition: StoredPartition,
  now: Date,
): Generator<VisibleRow> {
  const rows = [...partition.rows.values()]
    .filter((row) => isVisible(row, now))
    .toSorted((one, other) => compareClustering(table.clusteringKey, one.clustering, other.clustering))
  const statics = isVisible(partition.statics, now)
  if (rows.length === 0 && statics) {
    const clustering = table.clusteringKey.map(() => null)
    yield { row: rowWith(table.columns, partition, undefined, now), partition, clustering }
  }
  for (const row of rows) {
    yield {
      row: rowWith(table.columns, partition, row, now),
      partition,
      clustering: row.clustering,
    }
  }
}

export function isVisible(row: StoredRow, now: Date): boolean {
  if (isAlive(row.marker, row, now)) return true
  return [...row.cells.values()].some((cell) => cell.value !== null && isAlive(cell, row, now))
}

function isAlive(written: Written | undefined, { deletedAt }: StoredRow, now: Date): boolean {
  if (written === undefined) return false
  if (written.expiresAt !== undefined && written.expiresAt <= now.getTime()) return false
  return deletedAt === undefined || written.timestamp > deletedAt
}

/** The value of a cell as it can be seen; null where there is none. */
export function visibleValue(row: StoredRow, name: string, now: Date): CqlValue {
  const cell: StoredCell | undefined = row.cells.get(name)
  return cell !== undefined && isAlive(cell, row, now) ? cell.value : null
}

function rowWith(
  columns: readonly CassandraColumn[],
  partition: StoredPartition,
  row: StoredRow | undefined,
  now: Date,
): CassandraRow {
  let partitionIndex = 0
  let clusteringIndex = 0
  return Object.fromEntries(
    columns.map(({ name, type, role }) => {
      let value: CqlValue = null
      if (role === 'partition') value = partition.key[partitionIndex++] ?? null
      else if (role === 'clustering') value = row?.clustering[clusteringIndex++] ?? null
      else if (role === 'static') value = visibleValue(partition.statics, name, now)
      else if (row !== undefined) value = visibleValue(row, name, now)
      return [name, copied(value, type)]
    }),
  )
}

/** What is given out, or taken in, can be changed without changing what is stored. */
export function copied(value: CqlValue, type: CqlType): CqlValue {
  return restoreValue(storeValue(value, type), type)
}

export function compareClustering(
  columns: readonly CassandraColumn[],
  one: readonly CqlValue[],
  other: readonly CqlValue[],
): number {
  for (const [index, { order }] of columns.entries()) {
    const compared = compareValues(one[index] ?? null, other[index] ?? null)
    if (compared !== 0) return order === 'desc' ? -compared : compared
  }
  return 0
}

/** Numbers and moments by size, texts and bytes byte by byte; UUIDs, dates and decimals as their texts. */
export function compareValues(one: CqlValue, other: CqlValue): number {
  if (typeof one === 'string' && typeof other === 'string')
    return Buffer.compare(Buffer.from(one), Buffer.from(other))
  if (Buffer.isBuffer(one) && Buffer.isBuffer(other)) return Buffer.compare(one, other)
  if (Array.isArray(one) && Array.isArray(other)) {
    const [first, second] = [one as readonly CqlValue[], other as readonly CqlValue[]]
    for (let index = 0; index < Math.max(first.length, second.length); index += 1) {
      const compared = compareValues(first[index] ?? null, second[index] ?? null)
      if (compared !== 0) return compared
    }
    return 0
  }
  if (one === null || other === null) return Number(one !== null) - Number(other !== null)
  return one < other ? -1 : Number(one > other)
}
