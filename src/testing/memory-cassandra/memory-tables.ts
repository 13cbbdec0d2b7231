/** The schema and the stored partitions of Cassandra in memory. */
import { createHash } from 'node:crypto'
import type {
  CassandraColumn,
  CassandraTable,
  CassandraTableName,
  CqlValue,
  MissingTable,
} from '../../cassandra/cassandra-client.ts'
import { parseCqlType, type UserTypes } from '../../cassandra/cql-type.ts'
import { valueKey } from '../../cassandra/stored-value.ts'
import { describeName, tableName } from '../../cassandra/table-name.ts'

export interface MemoryCassandraTable {
  /** The type of each column in CQL: `{ state: 'text', strikes: 'list<frozen<map<text, int>>>' }`. */
  readonly columns: Readonly<Record<string, string>>
  readonly partitionKey: readonly string[]
  /** @default none */
  readonly clusteringKey?: readonly (string | { readonly column: string; readonly order: 'asc' | 'desc' })[]
  /** Those with one value for the whole partition. @default none */
  readonly static?: readonly string[]
}

export interface MemorySchema {
  /** By their names, `trade` or `accounts.trade`. */
  readonly tables: Readonly<Record<string, MemoryCassandraTable>>
  /** Of tables whose name has none. @default 'test' */
  readonly keyspace?: string
  /** Of user-defined types their fields, with their types in CQL. */
  readonly userTypes?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Two partitions may have the same token. @default a hash of the key */
  readonly tokenOf?: (key: readonly CqlValue[]) => bigint
}

export interface StoredTable {
  readonly table: CassandraTable
  /** By the text of their key. */
  readonly partitions: Map<string, StoredPartition>
  readonly tokenOf: (key: readonly CqlValue[]) => bigint
}

export interface StoredPartition {
  readonly key: readonly CqlValue[]
  readonly keyText: string
  readonly token: bigint
  /** By the text of their clustering values. */
  readonly rows: Map<string, StoredRow>
  readonly statics: StoredRow
}

export interface StoredRow {
  readonly clustering: readonly CqlValue[]
  /** Of an insert: the row is there, whatever its columns are. */
  marker: Written | undefined
  /** Of the last delete: what is not newer is gone. */
  deletedAt: bigint | undefined
  readonly cells: Map<string, StoredCell>
}

export interface Written {
  readonly timestamp: bigint
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined
}

export interface StoredCell extends Written {
  /** Null is a tombstone. */
  readonly value: CqlValue
}

export interface MemoryTables {
  readonly describe: (name: Required<CassandraTableName>) => CassandraTable | MissingTable
  readonly find: (name: CassandraTableName) => StoredTable
  readonly clear: () => void
}

export function memoryTables({
  tables,
  keyspace,
  userTypes = {},
  tokenOf = hashOf,
}: MemorySchema & { readonly keyspace: string }): MemoryTables {
  const types: UserTypes = new Map(
    Object.entries(userTypes).map(([name, fields]) => [
      name,
      Object.entries(fields).map(([field, type]) => ({ name: field, type })),
    ]),
  )
  const stored = new Map<string, StoredTable>()
  for (const [text, definition] of Object.entries(tables)) {
    const name = { keyspace, ...tableName(text, 'INVALID_CONFIGURATION') }
    const table = tableOf(name, definition, types)
    stored.set(describeName(name), { table, partitions: new Map(), tokenOf })
  }
  return {
    describe: (name) => {
      const known = [...stored.values()].map(({ table }) => table)
      const found = stored.get(describeName(name))
      if (found !== undefined) return found.table
      const inKeyspace = known.filter((table) => table.keyspace === name.keyspace)
      return inKeyspace.length === 0
        ? { missing: 'keyspace', keyspace: name.keyspace, known: known.map((table) => table.keyspace) }
        : { missing: 'table', keyspace: name.keyspace, known: inKeyspace.map((table) => table.name) }
    },
    find: (name) => {
      const found = stored.get(describeName(name))
      if (found === undefined) throw new Error(`Cassandra in memory has no table ${describeName(name)}`)
      return found
    },
    clear: () => {
      for (const { partitions } of stored.values()) partitions.clear()
    },
  }
}

function tableOf(
  { keyspace, name }: Required<CassandraTableName>,
  { columns, partitionKey, clusteringKey = [], static: statics = [] }: MemoryCassandraTable,
  types: UserTypes,
): CassandraTable {
  const columnOf = (
    column: string,
    role: CassandraColumn['role'],
    order: 'asc' | 'desc' = 'asc',
  ): CassandraColumn => {
    const type = columns[column]
    if (type === undefined) throw new Error(`table ${keyspace}.${name} has no column ${column}`)
    return { name: column, type: parseCqlType(type, types), role, order }
  }
  const partition = partitionKey.map((column) => columnOf(column, 'partition'))
  const clustering = clusteringKey.map((key) =>
    typeof key === 'string' ? columnOf(key, 'clustering') : columnOf(key.column, 'clustering', key.order),
  )
  const keys = [...partition, ...clustering].map((column) => column.name)
  const others = Object.keys(columns)
    .filter((column) => !keys.includes(column))
    .toSorted()
    .map((column) => columnOf(column, statics.includes(column) ? 'static' : 'regular'))
  const isStatic = (column: CassandraColumn): boolean => column.role === 'static'
  const all = [
    ...partition,
    ...clustering,
    ...others.filter(isStatic),
    ...others.filter((column) => !isStatic(column)),
  ]
  return {
    keyspace,
    name,
    columns: all,
    partitionKey: partition,
    clusteringKey: clustering,
    isCounter: all.some(({ type }) => type.kind === 'counter'),
  }
}

/** Evenly spread, and the same each time; not the server's. */
function hashOf(key: readonly CqlValue[]): bigint {
  const text = JSON.stringify(key, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
  return createHash('sha256').update(text).digest().readBigInt64BE()
}

export function keyText(columns: readonly CassandraColumn[], values: readonly CqlValue[]): string {
  return columns.map(({ type }, index) => valueKey(values[index] ?? null, type)).join('\0')
}

/** The partition of a key, made where it is not there yet. */
export function partitionOf(
  { table, partitions, tokenOf }: StoredTable,
  key: readonly CqlValue[],
): StoredPartition {
  const text = keyText(table.partitionKey, key)
  const found = partitions.get(text) ?? {
    key,
    keyText: text,
    token: tokenOf(key),
    rows: new Map<string, StoredRow>(),
    statics: emptyRow([]),
  }
  partitions.set(text, found)
  return found
}

export function emptyRow(clustering: readonly CqlValue[]): StoredRow {
  return { clustering, marker: undefined, deletedAt: undefined, cells: new Map() }
}
