/** Keyset paging: an order of columns, and the condition that begins behind a row of it. */
import { BatchError } from '../core/model/batch-error.ts'
import type { Checkpoint, JsonValue } from '../core/model/json-value.ts'
import { quoteIdentifier } from './table-name.ts'

export interface OrderKey {
  readonly column: string
  readonly direction: 'asc' | 'desc'
}

/** `booked_on desc, id` */
export function describeOrder(order: readonly OrderKey[]): string {
  return order.map(({ column, direction }) => (direction === 'desc' ? `${column} desc` : column)).join(', ')
}

export function orderClause(order: readonly OrderKey[]): string {
  return order.map(({ column, direction }) => `${quoteIdentifier(column)} ${direction}`).join(', ')
}

/**
 * True for the rows behind the one whose keys are `values` (SQL expressions). In one direction a row comparison says it,
 * which an index answers at once; with mixed directions the first key's bound stands before, for the index's sake.
 */
export function behindCondition(order: readonly OrderKey[], values: readonly string[]): string {
  const columns = order.map(({ column }) => quoteIdentifier(column))
  const [first] = order
  if (first === undefined) throw new RangeError('keyset paging needs an order')
  const sign = first.direction === 'asc' ? '>' : '<'
  if (order.every(({ direction }) => direction === first.direction)) {
    return columns.length === 1
      ? `${columns[0]} ${sign} ${values[0]}`
      : `(${columns.join(', ')}) ${sign} (${values.join(', ')})`
  }
  return `${columns[0]} ${sign}= ${values[0]} and (${expanded(order, columns, values)})`
}

/** `a > 1 or (a = 1 and (b < 2 or …))` */
function expanded(order: readonly OrderKey[], columns: readonly string[], values: readonly string[]): string {
  const [first, ...others] = order
  const beyond = `${columns[0]} ${first?.direction === 'desc' ? '<' : '>'} ${values[0]}`
  if (others.length === 0) return beyond
  const rest = expanded(others, columns.slice(1), values.slice(1))
  return `${beyond} or (${columns[0]} = ${values[0]} and (${rest}))`
}

/** Where a reader stands: the keys of its last row, as Postgres writes them. */
export interface KeysetPosition {
  /** Rows read so far, for progress. */
  readonly items: number
  readonly keys: readonly string[]
}

export function encodePosition(
  order: readonly OrderKey[],
  { items, keys }: KeysetPosition,
): { readonly [key: string]: JsonValue } {
  return { items, order: describeOrder(order), after: keys }
}

/** @throws BatchError CHECKPOINT_REFUSED for one that was written under another order, or by another reader. */
export function decodePosition(
  order: readonly OrderKey[],
  checkpoint: Checkpoint,
  source: string,
): KeysetPosition {
  const wanted = describeOrder(order)
  if (!isPosition(checkpoint))
    throw refused(source, `${JSON.stringify(checkpoint, bigintsToo)} is not one of its own`)
  if (checkpoint.order !== wanted || checkpoint.after.length !== order.length) {
    throw refused(
      source,
      `it was written in the order of ${checkpoint.order}, and orderBy is now ${wanted}; set it back`,
    )
  }
  return { items: Number(checkpoint.items), keys: checkpoint.after }
}

function isPosition(checkpoint: Checkpoint): checkpoint is {
  readonly items: number | bigint
  readonly order: string
  readonly after: readonly string[]
} {
  if (checkpoint === null || typeof checkpoint !== 'object' || Array.isArray(checkpoint)) return false
  const { items, order, after } = checkpoint as Readonly<Record<string, JsonValue | undefined>>
  const isCount = typeof items === 'number' || typeof items === 'bigint'
  return (
    isCount &&
    typeof order === 'string' &&
    Array.isArray(after) &&
    after.every((key) => typeof key === 'string')
  )
}

function refused(source: string, reason: string): BatchError {
  return new BatchError(
    'CHECKPOINT_REFUSED',
    `the reader of ${source} cannot go on from its checkpoint: ${reason}, or launch a new job instance`,
    { details: { source } },
  )
}

function bigintsToo(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
