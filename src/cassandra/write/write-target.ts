/** The columns to be written, matched with the table that is there. */
import type { CassandraColumn, CassandraTable, MutationShape } from '../cassandra-client.ts'
import { describeType } from '../cql-type.ts'
import { columnOf } from '../table-name.ts'
import { type ColumnValue, type MutationOperation, refused, type WritePlan } from './write-plan.ts'

export interface WriteTarget<T> {
  readonly table: CassandraTable
  /** In the order of the primary key. */
  readonly key: readonly WrittenColumn<T>[]
  readonly others: readonly WrittenColumn<T>[]
  readonly shapes: Readonly<Record<MutationOperation, MutationShape>>
}

export interface WrittenColumn<T> {
  readonly column: CassandraColumn
  readonly value: ColumnValue<T>
}

const CODE = 'INVALID_WRITER_OPTIONS'

/** @throws BatchError INVALID_WRITER_OPTIONS naming the column and what to do */
export function matchTable<T>(plan: WritePlan<T>, table: CassandraTable): WriteTarget<T> {
  const columns = plan.columns.map(({ name, value }) => ({ column: columnOf(table, name, CODE), value }))
  const others = columns.filter(({ column }) => column.role === 'static' || column.role === 'regular')
  const key = keyOf(plan, table, columns, others)
  if (plan.operation === 'update' && others.length === 0)
    throw refused(plan.table, 'an update needs a column besides the key; insert writes a key alone')
  checkCounters(plan, table, others)
  for (const name of plan.appended) checkAppended(plan, name, others)
  const hasTimestamp =
    plan.timestamp !== undefined || (plan.condition === undefined && !plan.isCounter && sharesCells(others))
  const shapes = {
    insert: shapeOf({ ...plan, hasTimestamp }, table, 'insert', key, others),
    update: shapeOf({ ...plan, hasTimestamp }, table, 'update', key, others),
    delete: shapeOf({ ...plan, hasTimestamp }, table, 'delete', key, []),
  }
  return { table, key, others, shapes }
}

/** Static columns belong to the partition: they alone need no clustering columns. */
function keyOf<T>(
  plan: WritePlan<T>,
  { partitionKey, clusteringKey }: CassandraTable,
  columns: readonly WrittenColumn<T>[],
  others: readonly WrittenColumn<T>[],
): readonly WrittenColumn<T>[] {
  const find = ({ name }: CassandraColumn): WrittenColumn<T> | undefined =>
    columns.find((one) => one.column.name === name)
  const isOfPartition =
    typeof plan.operation === 'string' &&
    plan.operation !== 'delete' &&
    others.length > 0 &&
    others.every(({ column }) => column.role === 'static') &&
    clusteringKey.every((column) => find(column) === undefined)
  const wanted = isOfPartition ? partitionKey : [...partitionKey, ...clusteringKey]
  return wanted.map((column) => {
    const found = find(column)
    if (found !== undefined) return found
    throw refused(
      plan.table,
      `column ${column.name} is missing: the primary key is (${wanted.map(({ name }) => name).join(', ')}), and all of it must be among 'columns'`,
    )
  })
}

function checkCounters<T>(
  plan: WritePlan<T>,
  { isCounter }: CassandraTable,
  others: readonly WrittenColumn<T>[],
): void {
  if (plan.isCounter && !isCounter)
    throw refused(plan.table, "its columns are no counters; leave 'counter' out")
  if (!isCounter || plan.isCounter) return
  // A counter can be deleted as often as one likes.
  if (others.length === 0 && plan.operation === 'delete') return
  throw refused(
    plan.table,
    "its columns are counters, to which a restart after a crash may add twice: say counter: { accept: 'at-least-once' } where that is right",
  )
}

function checkAppended<T>(plan: WritePlan<T>, name: string, others: readonly WrittenColumn<T>[]): void {
  const found = others.find(({ column }) => column.name === name)
  if (found === undefined)
    throw refused(plan.table, `append names column ${name}, which is not among the written columns`)
  const { type } = found.column
  if (!['list', 'set', 'map'].includes(type.kind) || ('frozen' in type && type.frozen)) {
    throw refused(
      plan.table,
      `nothing can be appended to column ${name}, which is ${describeType(type)}: it must be a list, set or map that is not frozen`,
    )
  }
}

/**
 * Rows of a partition share its static columns, but are written side by side: only a timestamp of our own lets the last item win.
 * In one batch all would have the same, and the greater value would win.
 */
function sharesCells<T>(others: readonly WrittenColumn<T>[]): boolean {
  return others.some(({ column }) => column.role === 'static')
}

function shapeOf<T>(
  { ttl, hasTimestamp, condition, isCounter, appended }: WritePlan<T> & { readonly hasTimestamp: boolean },
  table: CassandraTable,
  operation: MutationOperation,
  key: readonly WrittenColumn<T>[],
  others: readonly WrittenColumn<T>[],
): MutationShape {
  return {
    table,
    operation,
    key: key.map(({ column }) => column.name),
    columns: others.map(({ column: { name } }) => ({
      name,
      change: isCounter ? 'add' : appended.includes(name) ? 'append' : 'set',
    })),
    hasTtl: ttl !== undefined && operation !== 'delete',
    hasTimestamp,
    ...(condition !== undefined && { condition: condition.when }),
  }
}
