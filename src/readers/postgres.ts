/** Reads a Postgres table or query page by page, and goes on at the last key after a restart. */
import type { z } from 'zod'
import { BatchError } from '../core/model/batch-error.ts'
import type { Checkpoint } from '../core/model/json-value.ts'
import {
  describePosition,
  type ItemReader,
  type OpenedReader,
  type Page,
  type Position,
  type ReaderScope,
  type ReadFault,
} from '../core/ports/item-reader.ts'
import {
  type RowValidation,
  schemaValidation,
  type ValidatedRows,
  withoutSchema,
} from '../core/model/row-validation.ts'
import { decodePosition, encodePosition } from '../postgres/keyset.ts'
import { holdPool, type PostgresConnection } from '../postgres/own-connection.ts'
import { openPageSource, type PageSource } from '../postgres/page-source.ts'
import { checkQuery, type QueryIdentity, queryIdentity } from '../postgres/query-identity.ts'
import { type OrderBy, planRead, type ReadPlan } from '../postgres/read-plan.ts'
import { openReadingSession, type ReadingSession } from '../postgres/reading-session.ts'
import { type RawRow, rowDecoder, type ValueTypes } from '../postgres/row-decoder.ts'
import { prefetchedRows, type RowStream } from '../postgres/row-stream.ts'
import { countRows, type RowCount } from '../postgres/row-count.ts'
import type { TableName } from '../postgres/table-name.ts'

export type PostgresReaderOptions<T> = PostgresReaderSource & PostgresReaderSettings<T>

export type PostgresReaderSource =
  | {
      /** `trade`, `accounts.trade`, or `{ schema, name }` where a name holds a dot. */
      readonly table: TableName
      /** Of the items. @default all */
      readonly columns?: readonly string[]
      /** A condition in SQL: `booked_on = $1 and quantity > 0`. */
      readonly where?: string
      readonly query?: never
    }
  | {
      /** A select statement without ORDER BY and LIMIT, which are added; it may have any joins and groups. */
      readonly query: string
      readonly table?: never
      readonly columns?: never
      readonly where?: never
    }

export interface PostgresReaderSettings<T> {
  /** The values of `$1`, `$2` … in `where` or `query`. */
  readonly parameters?: readonly unknown[]
  /**
   * The columns by which rows are read, and found again: together unique and never null. One column's name, or a list
   * of names and `{ column, direction }`. An index in this order makes each page cheap.
   */
  readonly orderBy: OrderBy | readonly OrderBy[]
  /** Checks each row and makes the item of it; a row that it refuses is a fault that names row and field. */
  readonly schema?: z.ZodType<T>
  /** How values arrive: see `ValueTypes`. @default 'exact' */
  readonly types?: ValueTypes
  /** Rows in one round trip; two such pages are in memory. @default 2000 */
  readonly pageSize?: number
  /**
   * Tells progress how many rows there are: `count` counts them when the step begins, `estimate` asks the planner.
   * @default none
   */
  readonly total?: RowCount
  /** Reads from this database. @default the job repository's pool */
  readonly connection?: PostgresConnection
}

/**
 * Reads in the order of `orderBy`; after a restart it goes on behind the last committed row, by the exact text of its
 * keys. Values lose nothing on the way: bigint is a bigint, numeric and dates are the text that Postgres writes.
 *
 * Every page is a statement of its own: rows that are changed or inserted meanwhile are seen where they stand behind the
 * last key, and not where they stand before it.
 *
 * @throws BatchError INVALID_READER_OPTIONS at once for options that contradict themselves; when opened, for a table, a
 * column or an order that cannot be read without losing rows.
 */
export function postgresReader<T = Readonly<Record<string, unknown>>>(
  options: PostgresReaderOptions<T>,
): ItemReader<T> {
  const plan = planRead(options)
  return {
    kind: 'postgres',
    description: plan.description,
    open: (scope) => open(plan, options, scope),
  }
}

async function open<T>(
  plan: ReadPlan,
  { connection, schema, total }: PostgresReaderSettings<T>,
  scope: ReaderScope,
): Promise<OpenedReader<T>> {
  const from = scope.from === undefined ? undefined : decodePosition(plan.order, scope.from, plan.description)
  const identity = queryIdentity(plan)
  if (scope.from !== undefined) checkQuery(scope.from, identity, scope)
  const held = holdPool(connection, scope.resources, {
    by: 'postgresReader',
    code: 'INVALID_READER_OPTIONS',
    held: true,
  })
  let session: ReadingSession | undefined
  const close = async (): Promise<void> => {
    await session?.close()
    await held.close()
  }
  try {
    session = await openReadingSession(held, scope.signal)
    const source = await openPageSource(plan, session)
    const expected = total === undefined ? undefined : await countRows(plan, session, total)
    return {
      ...rowReader<T>({
        plan,
        identity,
        source,
        rows: prefetchedRows(source, from?.keys),
        done: from?.items ?? 0,
        total: expected,
        validate: schema === undefined ? withoutSchema : schemaValidation(schema),
      }),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Reading {
  readonly plan: ReadPlan
  readonly identity: QueryIdentity
  readonly source: PageSource
  readonly rows: RowStream
  /** Rows read by earlier executions of this step. */
  readonly done: number
  readonly total: number | undefined
  readonly validate: RowValidation
}

function rowReader<T>(reading: Reading): Omit<OpenedReader<T>, 'close'> {
  const { plan, rows, total, validate } = reading
  const decode = rowDecoder(reading.source.fields, plan.types)
  let { done } = reading
  return {
    read: async (limit) => {
      const raw = await rows.peek(limit)
      if (raw === undefined) return undefined
      const { items, refused } = await validate(raw.length, (index) => decode(raw[index] as RawRow))
      const places = placesOf(reading, raw, done)
      const used = items.length + (refused === undefined ? 0 : 1)
      rows.advance(used)
      done += used
      const page = { items: items as readonly T[], ...places }
      if (refused === undefined) return page
      return {
        ...page,
        fault: faultOf(plan, decode(raw[items.length] as RawRow), refused, places, items.length),
      }
    },
    progress: () => ({ done, unit: 'items', ...(total !== undefined && { total: Math.max(done, total) }) }),
  }
}

type Places = Pick<Page<unknown>, 'checkpointAfter' | 'positionOf'>

function placesOf({ plan, identity, source }: Reading, raw: readonly RawRow[], before: number): Places {
  const keysAt = (index: number): readonly string[] => source.keysOf(raw[index] as RawRow)
  const table = plan.table === undefined ? {} : { table: plan.table.text }
  return {
    checkpointAfter: (index): Checkpoint => ({
      ...encodePosition(plan.order, { items: before + index + 1, keys: keysAt(index) }),
      input: identity,
    }),
    positionOf: (index): Position => {
      const keys = keysAt(index)
      return {
        ...table,
        ...Object.fromEntries(plan.order.map(({ column }, place) => [column, keys[place] ?? ''])),
      }
    },
  }
}

function faultOf(
  plan: ReadPlan,
  row: Readonly<Record<string, unknown>>,
  refused: NonNullable<ValidatedRows['refused']>,
  { checkpointAfter, positionOf }: Places,
  index: number,
): ReadFault {
  const position = positionOf(index)
  const reason =
    'issues' in refused ? refused.issues.map(describeIssue).join('; ') : describeThrown(refused.thrown)
  return {
    error: new BatchError('READ_FAILED', `${plan.description}, ${describePosition(position)}: ${reason}`, {
      details: position,
      ...('thrown' in refused && { cause: refused.thrown }),
    }),
    raw: rawText(row),
    position,
    checkpointAfter: checkpointAfter(index),
  }
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  const reason = message.replace(/^Invalid input: /, '')
  return path.length === 0 ? reason : `column ${path.map(String).join('.')}: ${reason}`
}

function describeThrown(thrown: unknown): string {
  return `the schema threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`
}

function rawText(row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}
