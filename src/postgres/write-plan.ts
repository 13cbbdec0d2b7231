/** What a writer was asked to write, checked for itself, and then against the table. */
import { didYouMean } from '../core/model/nearest-name.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { columnOf, type TableFacts } from './table-columns.ts'
import { type QualifiedName, qualifiedName, type TableName } from './table-name.ts'
import type { ConflictAction } from './upsert-chunk.ts'
import type { ColumnValue, WrittenColumn } from './written-column.ts'

export interface WritePlan<T> {
  readonly table: QualifiedName
  readonly columns: readonly { readonly name: string; readonly value: ColumnValue<T> }[]
  readonly conflict: ConflictAction | undefined
}

export interface WriteRequest<T> {
  readonly table: TableName
  readonly columns: readonly (keyof T & string)[] | Readonly<Record<string, ColumnValue<T>>>
  readonly onConflict?:
    | 'nothing'
    | { readonly keys: readonly string[]; readonly update: readonly string[] | 'all' }
}

const CODE = 'INVALID_WRITER_OPTIONS'

/** @throws BatchError INVALID_WRITER_OPTIONS */
export function planWrite<T>(request: WriteRequest<T>): WritePlan<T> {
  const table = qualifiedName(request.table, CODE)
  const columns = columnsOf(request.columns)
  const names = columns.map(({ name }) => name)
  if (names.length === 0) throw refused(table, 'no columns are named')
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw refused(table, `column ${twice} is named twice`)
  return { table, columns, conflict: conflictOf(request.onConflict, names, table) }
}

function columnsOf<T>(columns: WriteRequest<T>['columns']): WritePlan<T>['columns'] {
  if (isList(columns)) return columns.map((name) => ({ name, value: name }))
  return Object.entries(columns).map(([name, value]) => ({ name, value }))
}

function isList<T>(columns: WriteRequest<T>['columns']): columns is readonly (keyof T & string)[] {
  return Array.isArray(columns)
}

function conflictOf<T>(
  wanted: WriteRequest<T>['onConflict'],
  names: readonly string[],
  table: QualifiedName,
): ConflictAction | undefined {
  if (wanted === undefined) return undefined
  if (wanted === 'nothing') return { action: 'nothing' }
  const { keys } = wanted
  const update = wanted.update === 'all' ? names.filter((name) => !keys.includes(name)) : wanted.update
  if (keys.length === 0) throw refused(table, 'onConflict.keys names no column')
  for (const name of [...keys, ...update]) {
    if (!names.includes(name)) {
      throw refused(
        table,
        `onConflict names column ${name}, which is not among the written columns.${didYouMean(name, names)}`,
      )
    }
  }
  return { action: 'update', keys, update }
}

/** The columns with the types they have in the table. @throws BatchError INVALID_WRITER_OPTIONS */
export function matchTable<T>(plan: WritePlan<T>, facts: TableFacts): readonly WrittenColumn<T>[] {
  const columns = plan.columns.map(({ name, value }) => {
    const { type, generated } = columnOf(facts, plan.table, name, CODE)
    if (generated)
      throw refused(plan.table, `column ${name} is computed by Postgres (generated always); leave it out`)
    return { name, type, value }
  })
  checkConflict(plan, facts)
  return columns
}

/** Without such an index a repeated chunk would double its rows, or Postgres would refuse the first one. */
function checkConflict<T>({ conflict, table }: WritePlan<T>, { uniqueIndexes }: TableFacts): void {
  if (conflict === undefined) return
  const known = uniqueIndexes.map(({ columns }) => `(${columns.join(', ')})`).join(' and ') || 'none'
  if (conflict.action === 'nothing') {
    if (uniqueIndexes.length === 0)
      throw refused(table, `onConflict needs a unique index, and the table has none`)
    return
  }
  const wanted = conflict.keys.toSorted().join('\0')
  if (uniqueIndexes.some(({ columns }) => columns.toSorted().join('\0') === wanted)) return
  throw refused(
    table,
    `onConflict.keys (${conflict.keys.join(', ')}) is not what a unique index of the table covers; its unique indexes: ${known}`,
  )
}

function refused(table: QualifiedName, reason: string): BatchError {
  return new BatchError(CODE, `postgresWriter for table ${table.text}: ${reason}`, {
    details: { table: table.text },
  })
}
