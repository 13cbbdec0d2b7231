/** What a reader has been reading, in so far as it can be told: remembered in its checkpoints, without any value. */
import { createHash } from 'node:crypto'
import { BatchError } from '../core/model/batch-error.ts'
import type { Checkpoint, JsonValue } from '../core/model/json-value.ts'
import type { ReaderScope } from '../core/ports/item-reader.ts'
import { describeType } from './cql-type.ts'
import type { ReadPlan, ReadTarget } from './read-plan.ts'
import { describeName } from './table-name.ts'

/** A type, so that it is a JSON value. */
export type ReadIdentity = {
  /** For people: `accounts.trade`. */
  readonly table: string
  /** Of the primary key's columns, with their types and order. */
  readonly key: string
  /** Of the partitions, the clustering range or the range of tokens, whose values may be nobody's business. */
  readonly part: string
  /** Of the columns that were asked for by name. */
  readonly columns: string
}

export function readIdentity({ range, columns }: ReadPlan, { table, partitions }: ReadTarget): ReadIdentity {
  const key = [...table.partitionKey, ...table.clusteringKey].map(
    ({ name, type, role, order }) => `${name} ${describeType(type)} ${role} ${order}`,
  )
  return {
    table: describeName(table),
    key: shortHash(key),
    part: shortHash(partitions?.map(({ from }) => from) ?? range),
    columns: shortHash(columns ?? []),
  }
}

const CHANGES = {
  table: 'it was another table',
  key: 'its primary key is another one',
  part: 'the partitions, their clustering range or the range of tokens are others',
  columns: 'the columns asked for are others',
} as const

/**
 * Rows before the last key are not seen again, so half of one input and half of another would be read.
 * @throws BatchError INPUT_CHANGED
 */
export function checkIdentity(
  from: Checkpoint,
  is: ReadIdentity,
  { acceptChanges, logger }: Pick<ReaderScope, 'acceptChanges' | 'logger'>,
): void {
  const was = (from as { readonly input?: JsonValue }).input as Partial<ReadIdentity> | undefined
  const changes = Object.entries(CHANGES)
    .filter(([name]) => was?.[name as keyof ReadIdentity] !== is[name as keyof ReadIdentity])
    .map(([name, text]) => (name === 'table' ? `it was table ${was?.table}, is ${is.table}` : text))
  if (changes.length === 0) return
  if (acceptChanges === true) {
    logger.warn(
      { table: is.table, changes },
      'goes on in another input than it began with, which is accepted',
    )
    return
  }
  throw new BatchError(
    'INPUT_CHANGED',
    `The reader of table ${is.table} cannot go on behind the last row that it read: what it reads has changed since.` +
      `${changes.map((change) => `\n  ${change}`).join('')}\n` +
      'Set it back, start an instance with other identifying parameters, or, where going on behind that row is right, restart ' +
      'with --accept-changes.',
    { details: { table: is.table, changes } },
  )
}

function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, asText)).digest('hex').slice(0, 16)
}

function asText(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Map || value instanceof Set) return [...value]
  return value
}
