/** Names of tables and columns, and how they are written into SQL. */
import { escapeIdentifier } from 'pg'
import { BatchError, type BatchErrorCode } from '../core/model/batch-error.ts'

/**
 * `trade`, `accounts.trade`, or the parts where a name itself holds a dot. Names are exact, as the catalog shows them:
 * `Trade` is not `trade`. Without a schema the connection's search path decides.
 */
export type TableName = string | { readonly schema?: string; readonly name: string }

export interface QualifiedName {
  readonly schema: string | undefined
  readonly name: string
  /** For messages: `accounts.trade`. */
  readonly text: string
  /** Quoted, for SQL. */
  readonly sql: string
}

/** @throws BatchError with `code` when the name is empty or has more than two parts. */
export function qualifiedName(table: TableName, code: BatchErrorCode): QualifiedName {
  const parts = typeof table === 'string' ? table.split('.') : partsOf(table)
  if (parts.length > 2 || parts.some((part) => part === '')) {
    throw new BatchError(
      code,
      `${JSON.stringify(table)} is not a table name: write 'table', 'schema.table', or { schema, name } where a name holds a dot`,
      { details: { table } },
    )
  }
  const [name = '', schema] = parts.toReversed()
  return { schema, name, text: parts.join('.'), sql: parts.map(quoteIdentifier).join('.') }
}

function partsOf(table: { readonly schema?: string; readonly name: string }): readonly string[] {
  return table.schema === undefined ? [table.name] : [table.schema, table.name]
}

/** `"booked on"`, with quotes inside doubled. */
export function quoteIdentifier(name: string): string {
  return escapeIdentifier(name)
}
