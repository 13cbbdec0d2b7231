/** Rows that the schema refuses: named, and kept as text of which the row can be made again. */
import type { z } from 'zod'
import { BatchError } from '../core/model/batch-error.ts'
import { describePosition, type Position } from '../core/ports/item-reader.ts'
import type { CassandraColumn, CassandraRow, CassandraTable, CqlValue } from './cassandra-client.ts'
import type { Place } from './scan/read-span.ts'
import { restoreValue, storeValue, type StoredValue } from './stored-value.ts'
import { describeName } from './table-name.ts'

/** `table accounts.trade, isin US0378331005, day 2026-11-22` */
export function positionOf(table: CassandraTable, { partition, clustering }: Place): Position {
  const columns = [...table.partitionKey, ...table.clusteringKey]
  const values = [...partition, ...clustering]
  return {
    table: describeName(table),
    ...Object.fromEntries(
      columns.map((column, index) => [column.name, positionValue(column, values[index] ?? null)]),
    ),
  }
}

function positionValue({ type }: CassandraColumn, value: CqlValue): string | number | bigint {
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number') return value
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  return value === null ? 'null' : JSON.stringify(storeValue(value, type))
}

export type Refusal = { readonly issues: readonly z.core.$ZodIssue[] } | { readonly thrown: unknown }

export function rowRefused(position: Position, refused: Refusal): BatchError {
  const reason =
    'issues' in refused ? refused.issues.map(describeIssue).join('; ') : describeThrown(refused.thrown)
  return new BatchError('READ_FAILED', `${describePosition(position)}: ${reason}`, {
    details: position,
    ...('thrown' in refused && { cause: refused.thrown }),
  })
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  const reason = message.replace(/^Invalid input: /, '')
  return path.length === 0 ? reason : `column ${path.map(String).join('.')}: ${reason}`
}

function describeThrown(thrown: unknown): string {
  return `the schema threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`
}

export function rowText(columns: readonly CassandraColumn[], row: CassandraRow): string {
  return JSON.stringify(
    Object.fromEntries(columns.map(({ name, type }) => [name, storeValue(row[name] ?? null, type)])),
  )
}

/** @throws SyntaxError or TypeError for what is no text of a row */
export function rowOfText(columns: readonly CassandraColumn[], text: string): CassandraRow {
  const stored = JSON.parse(text) as Readonly<Record<string, StoredValue>>
  return Object.fromEntries(columns.map(({ name, type }) => [name, restoreValue(stored[name] ?? null, type)]))
}
