/** What a reader was asked to read, checked for itself. */
import { didYouMean } from '../core/model/nearest-name.ts'
import { BatchError } from '../core/model/batch-error.ts'
import type { OrderKey } from './keyset.ts'
import type { ValueTypes } from './row-decoder.ts'
import { type QualifiedName, qualifiedName, quoteIdentifier, type TableName } from './table-name.ts'

export interface ReadPlan {
  /** For messages: `table public.trade`. */
  readonly description: string
  /** Undefined for a query. */
  readonly table: QualifiedName | undefined
  /** A select statement, with the author's parameters. */
  readonly source: string
  readonly parameters: readonly unknown[]
  /** Of the items; undefined for all. */
  readonly columns: readonly string[] | undefined
  readonly order: readonly OrderKey[]
  readonly pageSize: number
  readonly types: ValueTypes
}

export type OrderBy = string | { readonly column: string; readonly direction: 'asc' | 'desc' }

export interface ReadRequest {
  readonly table?: TableName
  readonly columns?: readonly string[]
  readonly where?: string
  readonly query?: string
  readonly parameters?: readonly unknown[]
  readonly orderBy: OrderBy | readonly OrderBy[]
  readonly pageSize?: number
  readonly types?: ValueTypes
}

const CODE = 'INVALID_READER_OPTIONS'
/** Measured: larger pages gain nothing, and two of them are in memory. */
const PAGE_SIZE = 2_000

/** @throws BatchError INVALID_READER_OPTIONS */
export function planRead(request: ReadRequest): ReadPlan {
  const { parameters = [], types = 'exact', pageSize = PAGE_SIZE, columns } = request
  const order = orderOf(request.orderBy)
  if (!Number.isSafeInteger(pageSize) || pageSize < 1)
    throw refused(`pageSize is ${pageSize}; it must be at least 1`)
  if (columns?.length === 0) throw refused('columns is empty; leave it out for all columns')
  return { ...sourceOf(request), parameters, columns, order, pageSize, types }
}

function sourceOf({ table, where, query }: ReadRequest): Pick<ReadPlan, 'description' | 'table' | 'source'> {
  if (query !== undefined) {
    if (table !== undefined) throw refused("both 'table' and 'query' are given; name one")
    return {
      description: `query ${shortened(query)}`,
      table: undefined,
      source: query.replace(/[\s;]+$/, ''),
    }
  }
  if (table === undefined) throw refused("neither 'table' nor 'query' is given")
  const name = qualifiedName(table, CODE)
  // The condition ends with a line, in case it ends with a comment.
  const condition = where === undefined ? '' : ` where (${where}\n)`
  return { description: `table ${name.text}`, table: name, source: `select * from ${name.sql}${condition}` }
}

function shortened(query: string): string {
  const line = query.trim().replaceAll(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}

function orderOf(orderBy: ReadRequest['orderBy']): readonly OrderKey[] {
  const wanted = isList(orderBy) ? orderBy : [orderBy]
  const order = wanted.map((key): OrderKey =>
    typeof key === 'string' ? { column: key, direction: 'asc' } : key,
  )
  if (order.length === 0) throw refused('orderBy names no column')
  for (const [index, { column, direction }] of order.entries()) {
    if (direction !== 'asc' && direction !== 'desc') {
      throw refused(`orderBy ${column}: direction is '${String(direction)}'; it must be 'asc' or 'desc'`)
    }
    if (order.findIndex((other) => other.column === column) !== index)
      throw refused(`orderBy names ${column} twice`)
  }
  return order
}

function isList(orderBy: ReadRequest['orderBy']): orderBy is readonly OrderBy[] {
  return Array.isArray(orderBy)
}

/** Where a column of the plan stands among those that the source gives. @throws BatchError INVALID_READER_OPTIONS */
export function indexOfColumn(plan: ReadPlan, names: readonly string[], column: string): number {
  const index = names.indexOf(column)
  if (index === -1) {
    throw refused(
      `${plan.description} has no column ${column}.${didYouMean(column, names)} It has: ${names.join(', ')}.`,
    )
  }
  if (names.includes(column, index + 1))
    throw refused(`${plan.description} gives two columns named ${column}; rename one`)
  return index
}

/** The plan's rows, and nothing else: to be wrapped. The line end is for a query that ends with a comment. */
export function fromSource(plan: ReadPlan): string {
  return `from (${plan.source}\n) as page`
}

export function selectList(columns: readonly string[]): string {
  return columns.map((column) => `page.${quoteIdentifier(column)}`).join(', ')
}

function refused(reason: string): BatchError {
  return new BatchError(CODE, `postgresReader: ${reason}`)
}
