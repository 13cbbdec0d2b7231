/** What the catalog says about a table: looked up once, when a reader or writer is opened. */
import { didYouMean } from '../core/model/nearest-name.ts'
import type { ClientBase, Pool } from 'pg'
import { BatchError, type BatchErrorCode } from '../core/model/batch-error.ts'
import type { ColumnType } from './column-type.ts'
import { type QualifiedName } from './table-name.ts'

export interface TableColumn {
  readonly name: string
  readonly type: ColumnType
  readonly notNull: boolean
  /** `generated always as (…)`: Postgres computes it, nobody writes it. */
  readonly generated: boolean
}

export interface UniqueIndex {
  /** Its key columns, in the index's order. */
  readonly columns: readonly string[]
}

export interface TableFacts {
  /** Ordinary or partitioned: views and foreign tables have no indexes that could say anything. */
  readonly hasIndexes: boolean
  readonly columns: ReadonlyMap<string, TableColumn>
  /** Those that hold for all rows and name plain columns: no partial ones, none over expressions. */
  readonly uniqueIndexes: readonly UniqueIndex[]
}

/** @throws BatchError with `code` when there is no such table, with a suggestion where a name is close. */
export async function lookUpTable(
  connection: Pool | ClientBase,
  table: QualifiedName,
  code: BatchErrorCode,
): Promise<TableFacts> {
  const found = await findTable(connection, table)
  if (found === undefined) throw await noSuchTable(connection, table, code)
  const { oid, relkind } = found
  const columns = await findColumns(connection, oid)
  return {
    hasIndexes: relkind === 'r' || relkind === 'p',
    columns: new Map(columns.map((column) => [column.name, column])),
    uniqueIndexes: await findUniqueIndexes(connection, oid),
  }
}

async function findTable(
  connection: Pool | ClientBase,
  table: QualifiedName,
): Promise<{ readonly oid: string; readonly relkind: string } | undefined> {
  const { rows } = await connection.query<{ oid: string; relkind: string }>(
    'select oid::text, relkind from pg_class where oid = to_regclass($1)',
    [table.sql],
  )
  return rows[0]
}

async function noSuchTable(
  connection: Pool | ClientBase,
  table: QualifiedName,
  code: BatchErrorCode,
): Promise<BatchError> {
  const { rows } = await connection.query<{ name: string; database: string; path: string }>(
    `select case when pg_table_is_visible(c.oid) and $1::text is null then c.relname
                 else n.nspname || '.' || c.relname end as name,
            current_database() as database, current_setting('search_path') as path
       from (select 1) as one
       left join (pg_class c join pg_namespace n on n.oid = c.relnamespace)
         on c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_|^information_schema$'`,
    [table.schema ?? null],
  )
  const { database = '', path = '' } = rows[0] ?? {}
  const hint = didYouMean(
    table.text,
    rows.map(({ name }) => name).filter((name) => name !== null),
  )
  const where = table.schema === undefined ? ` on the search path ${path}` : ''
  return new BatchError(
    code,
    `there is no table ${table.text}${where} in database ${database}.${hint} Names are exact, upper and lower case included.`,
    { details: { table: table.text, database } },
  )
}

/** The type of a column over a domain is that of the domain's base, down to the last one. */
const COLUMNS = `
  with recursive resolved as (
    select a.attnum, a.attname, a.attnotnull, a.attgenerated, a.atttypid as declared, a.atttypid as base
      from pg_attribute a where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
    union all
    select r.attnum, r.attname, r.attnotnull, r.attgenerated, r.declared, t.typbasetype
      from resolved r join pg_type t on t.oid = r.base where t.typtype = 'd')
  select r.attname as name, r.attnotnull as not_null, r.attgenerated <> '' as generated,
         format_type(r.declared, -1) as declared, t.typname as base, t.typcategory = 'A' as is_array,
         format_type(e.oid, -1) as element, e.typname as element_base, e.typdelim as delimiter
    from resolved r join pg_type t on t.oid = r.base left join pg_type e on e.oid = t.typelem
   where t.typtype <> 'd' order by r.attnum`

interface ColumnRow {
  readonly name: string
  readonly not_null: boolean
  readonly generated: boolean
  readonly declared: string
  readonly base: string
  readonly is_array: boolean
  readonly element: string | null
  readonly element_base: string | null
  readonly delimiter: string | null
}

async function findColumns(connection: Pool | ClientBase, oid: string): Promise<readonly TableColumn[]> {
  const { rows } = await connection.query<ColumnRow>(COLUMNS, [oid])
  return rows.map((row) => ({
    name: row.name,
    type: decodeType(row),
    notNull: row.not_null,
    generated: row.generated,
  }))
}

function decodeType(row: ColumnRow): ColumnType {
  if (!row.is_array || row.element === null || row.element_base === null) {
    return { name: row.declared, kind: kindOf(row.base) }
  }
  return {
    name: row.declared,
    kind: 'array',
    element: { name: row.element, kind: kindOf(row.element_base) },
    delimiter: row.delimiter ?? ',',
  }
}

function kindOf(base: string): Exclude<ColumnType['kind'], 'array'> {
  if (base === 'json' || base === 'jsonb') return 'json'
  if (base === 'bytea' || base === 'date') return base
  return 'other'
}

const UNIQUE_INDEXES = `
  select array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
                 join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                where k.place <= i.indnkeyatts order by k.place) as columns
    from pg_index i
   where i.indrelid = $1::oid and i.indisunique and i.indisvalid and i.indimmediate
     and i.indpred is null and i.indexprs is null`

async function findUniqueIndexes(
  connection: Pool | ClientBase,
  oid: string,
): Promise<readonly UniqueIndex[]> {
  const { rows } = await connection.query<UniqueIndex>(UNIQUE_INDEXES, [oid])
  return rows
}

/** @throws BatchError with `code` when the table has no such column. */
export function columnOf(
  facts: TableFacts,
  table: QualifiedName,
  name: string,
  code: BatchErrorCode,
): TableColumn {
  const column = facts.columns.get(name)
  if (column !== undefined) return column
  const names = [...facts.columns.keys()]
  throw new BatchError(
    code,
    `table ${table.text} has no column ${name}.${didYouMean(name, names)} It has: ${names.join(', ')}.`,
    { details: { table: table.text, column: name, columns: names } },
  )
}
