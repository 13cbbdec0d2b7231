/** Names of keyspaces, tables and columns, and what to say of those that are not there. */
import { BatchError, type BatchErrorCode } from '../core/model/batch-error.ts'
import { didYouMean } from '../core/model/nearest-name.ts'
import type {
  CassandraColumn,
  CassandraSession,
  CassandraTable,
  CassandraTableName,
  MissingTable,
} from './cassandra-client.ts'

/**
 * `trade`, `accounts.trade`, or the parts where a name itself holds a dot. Names are exact, as the schema has them: what was
 * created without quotes is in lower case. Without a keyspace the client's is meant.
 */
export type CqlTableName = string | CassandraTableName

/** @throws BatchError with `code` when the name is empty or has more than two parts. */
export function tableName(table: CqlTableName, code: BatchErrorCode): CassandraTableName {
  const parts =
    typeof table === 'string'
      ? table.split('.')
      : [...(table.keyspace === undefined ? [] : [table.keyspace]), table.name]
  const [name = '', keyspace] = parts.toReversed()
  if (parts.length > 2 || parts.some((part) => part === '')) {
    throw new BatchError(
      code,
      `${JSON.stringify(table)} is not a table name: write 'table', 'keyspace.table', or { keyspace, name } where a name holds a dot`,
      { details: { table } },
    )
  }
  return keyspace === undefined ? { name } : { keyspace, name }
}

/** `accounts.trade`, for messages. */
export function describeName({ keyspace, name }: CassandraTableName): string {
  return keyspace === undefined ? name : `${keyspace}.${name}`
}

/** @throws BatchError with `code` where there is no such table, with a suggestion where a name is close. */
export async function lookUpTable(
  session: CassandraSession,
  name: CassandraTableName,
  code: BatchErrorCode,
): Promise<CassandraTable> {
  const found = await session.describeTable(name)
  if (!('missing' in found)) return found
  throw new BatchError(code, missingText(name, found), { details: { table: describeName(name) } })
}

function missingText({ name }: CassandraTableName, { missing, keyspace, known }: MissingTable): string {
  if (keyspace === undefined) {
    return `table ${name} is in no keyspace: write 'keyspace.${name}', or give the client a keyspace`
  }
  const [what, wanted] = missing === 'keyspace' ? ['keyspace', keyspace] : ['table', `${keyspace}.${name}`]
  const hint = didYouMean(missing === 'keyspace' ? keyspace : name, known)
  return `there is no ${what} ${wanted}.${hint} Names are exact, upper and lower case included.`
}

/** @throws BatchError with `code` when the table has no such column. */
export function columnOf(table: CassandraTable, name: string, code: BatchErrorCode): CassandraColumn {
  const column = table.columns.find((one) => one.name === name)
  if (column !== undefined) return column
  const names = table.columns.map((one) => one.name)
  throw new BatchError(
    code,
    `table ${describeName(table)} has no column ${name}.${didYouMean(name, names)} It has: ${names.join(', ')}.`,
    { details: { table: describeName(table), column: name, columns: names } },
  )
}
