/** Cassandra in memory: tables with their keys, tokens, pages, timestamps, TTLs and conditions, and its bad days. */
import type {
  CassandraClient,
  CassandraMutation,
  CassandraRow,
  CassandraSession,
} from '../../cassandra/cassandra-client.ts'
import { fitValue } from '../../cassandra/fit-value.ts'
import { describeName, tableName } from '../../cassandra/table-name.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { type CassandraDisturbance, disturbances, type ExpectedKind } from './disturbances.ts'
import { applyMutation } from './memory-mutation.ts'
import {
  keyText,
  type MemorySchema,
  type MemoryCassandraTable,
  type MemoryTables,
  memoryTables,
} from './memory-tables.ts'
import { memoryPages } from './memory-pages.ts'
import { rowsOf } from './memory-rows.ts'

export type { CassandraDisturbance, MemoryCassandraTable }

export interface MemoryCassandraOptions extends MemorySchema {
  /** For timestamps and TTLs. @default the system's */
  readonly clock?: Pick<Clock, 'now'>
  /** Where the ring's ranges end. @default four of the same width */
  readonly ringTokens?: readonly bigint[]
}

export interface MemoryCassandra {
  readonly client: CassandraClient
  /** What a reader would see now, in its order. */
  readonly rows: (table: string) => readonly CassandraRow[]
  /** At once, and as an insert does: columns that are not named stay as they are. */
  readonly insert: (table: string, rows: readonly object[]) => void
  readonly delete: (table: string, keys: readonly object[]) => void
  /** Takes all rows away. */
  readonly clear: () => void
  /** From now on, until as many requests were hit. */
  readonly disturb: (disturbance: CassandraDisturbance) => void
  /** Paging states that were given are refused, as after an upgrade. */
  readonly forgetPagingStates: () => void
  /** Requests so far that have reached it. */
  readonly requests: () => { readonly selects: number; readonly mutations: number }
}

const QUARTER = 2n ** 62n
const FOUR_RANGES = [-QUARTER, 0n, QUARTER]

export function memoryCassandra(options: MemoryCassandraOptions): MemoryCassandra {
  const { keyspace = 'test', clock = SYSTEM_CLOCK, ringTokens = FOUR_RANGES } = options
  const tables = memoryTables({ ...options, keyspace })
  const trouble = disturbances()
  const pages = memoryPages(tables, clock)
  const nextTimestamp = timestamps(clock)
  const counts = { selects: 0, mutations: 0 }
  const apply = (mutations: readonly CassandraMutation[]): boolean => {
    const timestamp = nextTimestamp()
    return applyTogether(tables, mutations, timestamp, clock.now())
  }
  const session: CassandraSession = {
    describeTable: async (name) => tables.describe({ keyspace, ...name }),
    describeRing: async () => ({ partitioner: 'Murmur3Partitioner', tokens: ringTokens }),
    locate: ({ partitionKey, ...name }, key) => ({
      token: tables.find(name).tokenOf(key),
      bytes: Buffer.from(keyText(partitionKey, key)),
    }),
    select: async (select) => {
      counts.selects += 1
      await trouble.pass('select')
      if (trouble.isPageEmpty()) return pages.empty(select)
      return pages.select(select)
    },
    mutate: async (mutations) => {
      counts.mutations += 1
      const kind: ExpectedKind = mutations.some(({ shape }) => shape.condition !== undefined)
        ? 'lwt'
        : 'write'
      await trouble.pass(kind, () => apply(mutations))
      return { applied: apply(mutations) }
    },
    close: async () => {},
  }
  const write = (operation: 'insert' | 'delete') => {
    return (name: string, rows: readonly object[]): void => {
      for (const row of rows as readonly Readonly<Record<string, unknown>>[])
        apply([mutationOf(tables, keyspace, name, operation, row)])
    }
  }
  return {
    client: {
      description: 'cassandra in memory',
      openSession: async ({ signal }) => {
        signal.throwIfAborted()
        await trouble.pass('open')
        return session
      },
    },
    rows: (name) => {
      const stored = tables.find({ keyspace, ...tableName(name, 'INVALID_CONFIGURATION') })
      return [...rowsOf(stored, clock.now())].map(({ row }) => row)
    },
    insert: write('insert'),
    delete: write('delete'),
    clear: tables.clear,
    disturb: trouble.add,
    forgetPagingStates: pages.forget,
    requests: () => ({ ...counts }),
  }
}

const SYSTEM_CLOCK: Pick<Clock, 'now'> = { now: () => new Date() }

/** Microseconds that go up, also within a millisecond: as a driver makes them. */
function timestamps(clock: Pick<Clock, 'now'>): () => bigint {
  let last = 0n
  return () => {
    const now = BigInt(clock.now().getTime()) * 1000n
    last = now > last ? now : last + 1n
    return last
  }
}

/** All or none: where one condition does not hold nothing is done. */
function applyTogether(
  tables: MemoryTables,
  mutations: readonly CassandraMutation[],
  timestamp: bigint,
  now: Date,
): boolean {
  const steps = mutations.map((mutation) =>
    applyMutation(tables.find(mutation.shape.table), mutation, timestamp, now),
  )
  if (steps.some(({ holds }) => !holds)) return false
  for (const { apply } of steps) apply()
  return true
}

function mutationOf(
  tables: MemoryTables,
  keyspace: string,
  name: string,
  operation: 'insert' | 'delete',
  row: Readonly<Record<string, unknown>>,
): CassandraMutation {
  const { table } = tables.find({ keyspace, ...tableName(name, 'INVALID_CONFIGURATION') })
  const unknown = Object.keys(row).find((column) => !table.columns.some((one) => one.name === column))
  if (unknown !== undefined) throw new Error(`table ${describeName(table)} has no column ${unknown}`)
  const given = table.columns.filter((column) => row[column.name] !== undefined)
  const isKey = ({ role }: { readonly role: string }): boolean =>
    role === 'partition' || role === 'clustering'
  const key = given.filter(isKey)
  const others = operation === 'delete' ? [] : given.filter((column) => !isKey(column))
  return {
    shape: {
      table,
      operation,
      key: key.map((column) => column.name),
      columns: others.map((column) => ({
        name: column.name,
        change: column.type.kind === 'counter' ? 'add' : 'set',
      })),
      hasTtl: false,
      hasTimestamp: false,
    },
    key: key.map((column) => fitValue(row[column.name], column.type)),
    values: others.map((column) => fitValue(row[column.name], column.type)),
  }
}
