/** Writes a chunk by COPY. */
import type { ClientBase } from 'pg'
import { copyIn } from './copy-in.ts'
import { copyTextEncoder } from './copy-text.ts'
import { type QualifiedName, quoteIdentifier } from './table-name.ts'
import { writeRefusal } from './write-refusal.ts'
import type { WrittenColumn } from './written-column.ts'

/**
 * Encodes the items, or throws where they cannot be. What it answers puts all its statements on the connection before it
 * returns.
 */
export type WriteChunk<T> = (items: readonly T[]) => (client: ClientBase) => Promise<void>

export function copyChunk<T>(table: QualifiedName, columns: readonly WrittenColumn<T>[]): WriteChunk<T> {
  const encode = copyTextEncoder(columns)
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ')
  const statement = `copy ${table.sql} (${names}) from stdin with (format text, encoding 'UTF8')`
  return (items) => {
    const rows = encode(items)
    return (client) => sendCopy(client, statement, rows, table)
  }
}

async function sendCopy(
  client: ClientBase,
  statement: string,
  rows: readonly Buffer[],
  table: QualifiedName,
): Promise<void> {
  try {
    await copyIn(client, statement, rows)
  } catch (error) {
    throw writeRefusal(error, table)
  }
}
