/** What the schema says of a table, asked of the server itself: the driver's own answer may be an old one. */
import type { Client } from 'cassandra-driver'
import type { CassandraColumn, CassandraTable, MissingTable } from '../cassandra-client.ts'
import { parseCqlType, type UserTypes } from '../cql-type.ts'

const COLUMNS = `select column_name, kind, position, clustering_order, type from system_schema.columns
  where keyspace_name = ? and table_name = ?`
const USER_TYPES =
  'select type_name, field_names, field_types from system_schema.types where keyspace_name = ?'
const TABLES = 'select table_name from system_schema.tables where keyspace_name = ?'
const KEYSPACES = 'select keyspace_name from system_schema.keyspaces'

interface ColumnRow {
  readonly column_name: string
  readonly kind: 'partition_key' | 'clustering' | 'static' | 'regular'
  readonly position: number
  readonly clustering_order: 'asc' | 'desc' | 'none'
  readonly type: string
}

const ROLES = {
  partition_key: 'partition',
  clustering: 'clustering',
  static: 'static',
  regular: 'regular',
} as const
const ROLE_ORDER = Object.keys(ROLES)

export async function describeTable(
  client: Client,
  keyspace: string,
  name: string,
): Promise<CassandraTable | MissingTable> {
  const columns = await query<ColumnRow>(client, COLUMNS, [keyspace, name])
  if (columns.length === 0) return describeMissing(client, keyspace)
  const userTypes = await userTypesOf(client, keyspace)
  return tableOf(
    keyspace,
    name,
    columns.toSorted(bySchema).map((row) => columnOf(row, userTypes)),
  )
}

export function tableOf(keyspace: string, name: string, columns: readonly CassandraColumn[]): CassandraTable {
  return {
    keyspace,
    name,
    columns,
    partitionKey: columns.filter(({ role }) => role === 'partition'),
    clusteringKey: columns.filter(({ role }) => role === 'clustering'),
    isCounter: columns.some(({ type }) => type.kind === 'counter'),
  }
}

/** As `select *` gives them: the key in its order, then the others by name. */
function bySchema(one: ColumnRow, other: ColumnRow): number {
  const byRole = ROLE_ORDER.indexOf(one.kind) - ROLE_ORDER.indexOf(other.kind)
  if (byRole !== 0) return byRole
  return one.position - other.position || (one.column_name < other.column_name ? -1 : 1)
}

function columnOf(row: ColumnRow, userTypes: UserTypes): CassandraColumn {
  return {
    name: row.column_name,
    type: parseCqlType(row.type, userTypes),
    role: ROLES[row.kind],
    order: row.clustering_order === 'desc' ? 'desc' : 'asc',
  }
}

async function userTypesOf(client: Client, keyspace: string): Promise<UserTypes> {
  const rows = await query<{
    readonly type_name: string
    readonly field_names: readonly string[]
    readonly field_types: readonly string[]
  }>(client, USER_TYPES, [keyspace])
  return new Map(
    rows.map((row) => [
      row.type_name,
      row.field_names.map((name, index) => ({ name, type: row.field_types[index] ?? '' })),
    ]),
  )
}

async function describeMissing(client: Client, keyspace: string): Promise<MissingTable> {
  const tables = await query<{ readonly table_name: string }>(client, TABLES, [keyspace])
  const keyspaces = await query<{ readonly keyspace_name: string }>(client, KEYSPACES, [])
  const names = keyspaces.map((row) => row.keyspace_name)
  if (names.includes(keyspace))
    return { missing: 'table', keyspace, known: tables.map((row) => row.table_name) }
  return { missing: 'keyspace', keyspace, known: names }
}

/** The schema is small: all its rows come in one page. */
async function query<R>(client: Client, text: string, values: readonly unknown[]): Promise<readonly R[]> {
  const { rows } = await client.execute(text, [...values], { prepare: true, isIdempotent: true })
  return rows as unknown as readonly R[]
}
