/** Selects on Cassandra in memory, with paging states that can be forgotten. */
import type {
  CassandraPage,
  CassandraSelect,
  ClusteringBound,
  CqlValue,
  PartitionSpan,
} from '../../cassandra/cassandra-client.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { responseError } from './disturbances.ts'
import {
  byToken,
  compareClustering,
  compareValues,
  rowsOf,
  rowsOfPartition,
  type VisibleRow,
} from './memory-rows.ts'
import { keyText, type MemoryTables, type StoredTable } from './memory-tables.ts'

export interface MemoryPages {
  readonly select: (select: CassandraSelect) => CassandraPage
  /** Without a row, and not the end. */
  readonly empty: (select: CassandraSelect) => CassandraPage
  readonly forget: () => void
}

type Position = VisibleRow | 'beginning'

export function memoryPages(tables: MemoryTables, clock: Pick<Clock, 'now'>): MemoryPages {
  const states = new Map<string, Position>()
  let given = 0
  const remember = (position: Position): string => {
    const state = `page ${++given}`
    states.set(state, position)
    return state
  }
  const positionOf = ({ page }: CassandraSelect): Position => {
    const position = page === undefined ? 'beginning' : states.get(page)
    if (position === undefined) throw responseError(0x2200, 'Invalid value for the paging state')
    return position
  }
  return {
    select: (select) => {
      const stored = tables.find(select.table)
      const position = positionOf(select)
      const found = [...selected(stored, select, clock.now())].filter(
        (row) => position === 'beginning' || isBehind(stored, row, position),
      )
      const page = found.slice(0, select.fetchSize)
      const last = page.at(-1)
      return {
        rows: page.map(({ row }) =>
          Object.fromEntries(select.columns.map((name) => [name, row[name] as CqlValue])),
        ),
        next: last !== undefined && found.length > page.length ? remember(last) : undefined,
      }
    },
    empty: (select) => ({ rows: [], next: remember(positionOf(select)) }),
    forget: () => states.clear(),
  }
}

function* selected(stored: StoredTable, select: CassandraSelect, now: Date): Generator<VisibleRow> {
  if (select.from.by === 'partition') yield* inPartition(stored, select.from, now)
  else {
    const { after, upTo } = select.from
    let last: VisibleRow['partition'] | undefined
    for (const row of rowsOf(stored, now)) {
      const { token } = row.partition
      if ((after !== undefined && token <= after) || (upTo !== undefined && token > upTo)) continue
      if (select.distinct !== true || row.partition !== last) yield row
      last = row.partition
    }
  }
}

function* inPartition(
  stored: StoredTable,
  { key, equals = [], lower, upper }: PartitionSpan,
  now: Date,
): Generator<VisibleRow> {
  const partition = stored.partitions.get(keyText(stored.table.partitionKey, key))
  if (partition === undefined) return
  for (const row of rowsOfPartition(stored, partition, now)) {
    const { clustering } = row
    const isEqual = equals.every((value, index) => compareValues(clustering[index] ?? null, value) === 0)
    const next = clustering[equals.length] ?? null
    if (isEqual && isWithin(next, lower, 1) && isWithin(next, upper, -1)) yield row
  }
}

function isWithin(value: CqlValue, bound: ClusteringBound | undefined, direction: 1 | -1): boolean {
  if (bound === undefined) return true
  const compared = compareValues(value, bound.value) * direction
  return compared > 0 || (compared === 0 && bound.inclusive)
}

function isBehind({ table }: StoredTable, row: VisibleRow, position: VisibleRow): boolean {
  if (row.partition !== position.partition) return byToken(position.partition, row.partition) < 0
  return compareClustering(table.clusteringKey, position.clustering, row.clustering) < 0
}
