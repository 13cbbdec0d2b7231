/** Pages of rows behind a key, from a table or a query whose order was proved to lose none. */
import { DatabaseError, type FieldDef } from 'pg'
import { BatchError } from '../core/model/batch-error.ts'
import { behindCondition, describeOrder, orderClause } from './keyset.ts'
import { fromSource, indexOfColumn, type ReadPlan, selectList } from './read-plan.ts'
import type { ReadingSession } from './reading-session.ts'
import type { RawRow } from './row-decoder.ts'
import { quoteIdentifier } from './table-name.ts'
import { checkOrder, proveOrder } from './unique-order.ts'

export interface RawPage {
  readonly rows: readonly RawRow[]
  readonly isLast: boolean
}

export interface PageSource {
  /** Of the items; a row may hold more values behind them. */
  readonly fields: readonly FieldDef[]
  /** The texts of a row's keys, in the order's order. */
  readonly keysOf: (row: RawRow) => readonly string[]
  /** @throws BatchError READ_FAILED, also for a key that is null or repeated */
  readonly fetch: (after: readonly string[] | undefined) => Promise<RawPage>
}

/** @throws BatchError INVALID_READER_OPTIONS for a source or an order that cannot be read safely. */
export async function openPageSource(plan: ReadPlan, session: ReadingSession): Promise<PageSource> {
  const proof = plan.table === undefined ? undefined : await proveOrder(session.client, plan, plan.table)
  const layout = layOut(plan, await describeSource(plan, session))
  const keyTypes = await typeNames(session, layout.keyFields)
  await checkOrder(plan, session, proof)
  const isProved = proof?.isUnique === true
  const select = pageSelect(plan, layout, isProved)
  const keysOf = (row: RawRow): readonly string[] => layout.keyIndexes.map((index) => row[index] as string)
  const fetch = async (after: readonly string[] | undefined): Promise<RawPage> => {
    const { text, values } = pageQuery(
      plan,
      select,
      keyTypes,
      after,
      isProved ? plan.pageSize : plan.pageSize + 1,
    )
    const { rows } = await session.query(text, values).catch((error: unknown) => {
      throw session.isAborted ? error : readFailed(plan, after, error)
    })
    checkKeys(plan, layout, rows, isProved)
    const isLast = rows.length < (isProved ? plan.pageSize : plan.pageSize + 1)
    return { rows: isLast || isProved ? rows : rows.slice(0, -1), isLast }
  }
  return { fields: layout.fields, keysOf, fetch }
}

interface Layout {
  readonly fields: readonly FieldDef[]
  readonly keyFields: readonly FieldDef[]
  /** Selected: the items' columns, and behind them the keys that are not among those. */
  readonly selected: readonly string[]
  readonly keyIndexes: readonly number[]
}

function layOut(plan: ReadPlan, available: readonly FieldDef[]): Layout {
  const names = available.map(({ name }) => name)
  const fieldOf = (column: string): FieldDef => available[indexOfColumn(plan, names, column)] as FieldDef
  const fields = (plan.columns ?? names).map(fieldOf)
  const columns = fields.map(({ name }) => name)
  const keys = plan.order.map(({ column }) => column)
  const selected = [...columns, ...keys.filter((key) => !columns.includes(key))]
  return {
    fields,
    keyFields: keys.map(fieldOf),
    selected,
    keyIndexes: keys.map((key) => selected.indexOf(key)),
  }
}

async function describeSource(plan: ReadPlan, session: ReadingSession): Promise<readonly FieldDef[]> {
  try {
    const { fields } = await session.query(`select * ${fromSource(plan)} limit 0`, plan.parameters)
    return fields
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    throw new BatchError(
      'INVALID_READER_OPTIONS',
      `postgresReader: Postgres refuses ${plan.description}: ${error.message}`,
      { details: { source: plan.source, sqlState: error.code }, cause: error },
    )
  }
}

/** How a key's text is cast back: without length or precision, which could cut it. */
async function typeNames(session: ReadingSession, fields: readonly FieldDef[]): Promise<readonly string[]> {
  const { rows } = await session.query(
    'select format_type(k.oid, -1) from unnest($1::oid[]) with ordinality as k (oid, place) order by k.place',
    [fields.map(({ dataTypeID }) => dataTypeID)],
  )
  return rows.map(([name]) => name ?? '')
}

/** Where the order is not proved, each row says whether it repeats the keys of the one before. */
function pageSelect(plan: ReadPlan, { selected }: Layout, isProved: boolean): string {
  const columns = selectList(selected)
  if (isProved) return `select ${columns} ${fromSource(plan)}`
  const keys = plan.order.map(({ column }) => `page.${quoteIdentifier(column)}`)
  const before = keys.map((key) => `lag(${key}) over (order by ${orderClause(plan.order)})`)
  return `select ${columns}, (${before.join(', ')}) = (${keys.join(', ')}) ${fromSource(plan)}`
}

function pageQuery(
  plan: ReadPlan,
  select: string,
  keyTypes: readonly string[],
  after: readonly string[] | undefined,
  limit: number,
): { readonly text: string; readonly values: readonly unknown[] } {
  const given = plan.parameters.length
  const places = keyTypes.map((type, index) => `$${given + index + 1}::text::${type}`)
  const behind = after === undefined ? '' : ` where ${behindCondition(plan.order, places)}`
  return {
    text: `${select}${behind} order by ${orderClause(plan.order)} limit ${limit}`,
    values: [...plan.parameters, ...(after ?? [])],
  }
}

function checkKeys(plan: ReadPlan, layout: Layout, rows: readonly RawRow[], isProved: boolean): void {
  const repeats = layout.selected.length
  for (const row of rows) {
    for (const [place, index] of layout.keyIndexes.entries()) {
      if (row[index] === null) throw nullKey(plan, plan.order[place]?.column ?? '')
    }
    if (!isProved && row[repeats] === 't') throw repeatedKey(plan, layout, row)
  }
}

function nullKey(plan: ReadPlan, column: string): BatchError {
  return new BatchError(
    'READ_FAILED',
    `${plan.description} has a row whose ${column} is null: rows behind it could be lost, so order by columns without nulls, or exclude these rows`,
    { details: { source: plan.description, column } },
  )
}

function repeatedKey(plan: ReadPlan, layout: Layout, row: RawRow): BatchError {
  const key = layout.keyIndexes.map((index, place) => `${plan.order[place]?.column} ${row[index]}`).join(', ')
  return new BatchError(
    'READ_FAILED',
    `${plan.description} has more than one row with ${key}: the order ${describeOrder(plan.order)} is not unique, and rows would be lost at a restart; add columns to orderBy until it is`,
    { details: { source: plan.description, key } },
  )
}

function readFailed(plan: ReadPlan, after: readonly string[] | undefined, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof BatchError) return error
  const place = after === undefined ? 'at its beginning' : `behind ${describeKeys(plan, after)}`
  return new BatchError('READ_FAILED', `reading ${plan.description} failed ${place}: ${error.message}`, {
    details: { source: plan.description },
    cause: error,
  })
}

function describeKeys({ order }: ReadPlan, keys: readonly string[]): string {
  return order.map(({ column }, index) => `${column} ${keys[index]}`).join(', ')
}
