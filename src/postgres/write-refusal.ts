/** A write that Postgres refused, told in the words of the chunk: which item, which column. */
import { DatabaseError } from 'pg'
import { BatchError } from '../core/model/batch-error.ts'
import type { QualifiedName } from './table-name.ts'

/**
 * Postgres's refusal as WRITE_FAILED, with `itemIndex` and `column` where Postgres told the line. Errors that are not
 * about what was written (lost connections, deadlocks, serialization failures, cancellations, an earlier statement's
 * failure) are given back as they came, so that whoever retries sees them.
 */
export function writeRefusal(error: unknown, table: QualifiedName): unknown {
  if (!(error instanceof DatabaseError) || isCircumstance(error.code)) return error
  const itemIndex = itemIndexOf(error, table)
  const column = error.column ?? columnOf(error, table)
  const item = itemIndex === undefined ? 'the chunk' : `item ${itemIndex + 1} of the chunk`
  const place = column === undefined ? '' : `, column ${column}`
  const detail = error.detail === undefined ? '' : ` (${error.detail})`
  return new BatchError(
    'WRITE_FAILED',
    `table ${table.text}${place} refused ${item}: ${error.message}${detail}`,
    {
      details: {
        table: table.text,
        sqlState: error.code,
        ...(itemIndex !== undefined && { itemIndex }),
        ...(column !== undefined && { column }),
        ...(error.constraint !== undefined && { constraint: error.constraint }),
      },
      cause: error,
    },
  )
}

/** By class: connection, transaction state, rollback, resources, operator intervention, system; and a lock not to be had. */
function isCircumstance(sqlState: string | undefined): boolean {
  return sqlState === undefined || /^(?:08|25|40|53|57|58|XX)|^55P03$/.test(sqlState)
}

/** `COPY trade, line 17, column quantity: "abc"`; the words are the server's language, the order is the same. */
function itemIndexOf({ where }: DatabaseError, { name }: QualifiedName): number | undefined {
  const context = where?.split('\n').find((line) => line.startsWith(`COPY ${name}, `))
  const line = context === undefined ? null : /^\D+ (\d+)/u.exec(context.slice(`COPY ${name}`.length))
  return line === null ? undefined : Number(line[1]) - 1
}

function columnOf({ where }: DatabaseError, { name }: QualifiedName): string | undefined {
  const context = where?.split('\n').find((line) => line.startsWith(`COPY ${name}, `))
  if (context === undefined) return undefined
  return /^, \S+ \d+, \S+ (.+?) ?:/u.exec(context.slice(`COPY ${name}`.length))?.[1]
}
