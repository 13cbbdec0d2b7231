/** Whether an order tells every row from every other: keyset paging loses rows where it does not. */
import type { ClientBase } from 'pg'
import { BatchError } from '../core/model/batch-error.ts'
import { describeOrder } from './keyset.ts'
import { fromSource, type ReadPlan } from './read-plan.ts'
import type { ReadingSession } from './reading-session.ts'
import { columnOf, lookUpTable, type TableFacts } from './table-columns.ts'
import { type QualifiedName, quoteIdentifier } from './table-name.ts'

export interface OrderProof {
  /** False for views and foreign tables, of which the catalog knows no indexes. */
  readonly isUnique: boolean
  /** Columns of the order that may hold nulls for all that the catalog knows. */
  readonly nullable: readonly string[]
}

const CODE = 'INVALID_READER_OPTIONS'

/** @throws BatchError INVALID_READER_OPTIONS when the table's unique indexes do not make the order unique. */
export async function proveOrder(
  client: ClientBase,
  plan: ReadPlan,
  table: QualifiedName,
): Promise<OrderProof> {
  const facts = await lookUpTable(client, table, CODE)
  const columns = plan.order.map(({ column }) => columnOf(facts, table, column, CODE))
  const nullable = columns.filter(({ notNull }) => !notNull).map(({ name }) => name)
  const names = columns.map(({ name }) => name)
  const isUnique = facts.uniqueIndexes.some((index) =>
    index.columns.every((column) => names.includes(column)),
  )
  if (facts.hasIndexes && !isUnique) throw notUnique(plan, facts)
  return { isUnique, nullable }
}

function notUnique(plan: ReadPlan, { uniqueIndexes }: TableFacts): BatchError {
  const known = uniqueIndexes.map(({ columns }) => `(${columns.join(', ')})`).join(' or ')
  const remedy =
    known === ''
      ? "the table has no unique index: create one, or read it with 'query', which checks the keys while reading"
      : `add the columns of a unique index to its end: ${known}`
  return new BatchError(
    CODE,
    `postgresReader: the order ${describeOrder(plan.order)} is not unique in ${plan.description}; ${remedy}`,
    { details: { source: plan.description, uniqueIndexes: uniqueIndexes.map(({ columns }) => columns) } },
  )
}

/**
 * Rows with a null key stand at one end of the order, and no comparison ever reaches them: one query looks for them
 * where the catalog does not exclude them.
 * @throws BatchError INVALID_READER_OPTIONS
 */
export async function checkOrder(
  plan: ReadPlan,
  session: ReadingSession,
  proof: OrderProof | undefined,
): Promise<void> {
  const suspects = proof?.nullable ?? plan.order.map(({ column }) => column)
  if (suspects.length === 0) return
  const tests = suspects.map((column) => `page.${quoteIdentifier(column)} is null`)
  const { rows } = await session.query(
    `select ${tests.join(', ')} ${fromSource(plan)} where ${tests.join(' or ')} limit 1`,
    plan.parameters,
  )
  const column = suspects[rows[0]?.indexOf('t') ?? -1]
  if (column !== undefined) {
    throw new BatchError(
      CODE,
      `postgresReader: ${plan.description} has rows whose ${column} is null, which no order finds again; exclude them by a condition, or order by columns without nulls`,
      { details: { source: plan.description, column } },
    )
  }
}
