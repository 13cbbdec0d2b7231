/** The statements of the port in CQL: names quoted, values left to be bound. */
import type {
  CassandraSelect,
  CassandraTable,
  CassandraTableName,
  CqlValue,
  MutatedColumn,
  MutationShape,
} from '../cassandra-client.ts'
import type { CqlType } from '../cql-type.ts'

export interface BoundStatement {
  readonly text: string
  readonly values: readonly BoundValue[]
}

export interface BoundValue {
  readonly value: CqlValue
  readonly type: CqlType
}

const BIGINT: CqlType = { kind: 'bigint' }

/** `"booked on"`, with quotes inside doubled. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function quotedTable({ keyspace, name }: CassandraTableName): string {
  return [...(keyspace === undefined ? [] : [keyspace]), name].map(quoteIdentifier).join('.')
}

export function selectText(select: CassandraSelect): BoundStatement {
  const { table, columns, from, distinct } = select
  const token = `token(${table.partitionKey.map(({ name }) => quoteIdentifier(name)).join(', ')})`
  const selected = columns.map(quoteIdentifier)
  const conditions = from.by === 'token' ? tokenConditions(token, from) : partitionConditions(table, from)
  const where = conditions.length === 0 ? '' : ` where ${conditions.map(({ text }) => text).join(' and ')}`
  return {
    text: `select ${distinct === true ? 'distinct ' : ''}${selected.join(', ')} from ${quotedTable(table)}${where}`,
    values: conditions.map(({ bound }) => bound),
  }
}

interface Condition {
  readonly text: string
  readonly bound: BoundValue
}

/** The ring's own ends are left out: no token stands beyond them. */
function tokenConditions(
  token: string,
  { after, upTo }: Extract<CassandraSelect['from'], { readonly by: 'token' }>,
): readonly Condition[] {
  return [
    ...(after === undefined ? [] : [{ text: `${token} > ?`, bound: { value: after, type: BIGINT } }]),
    ...(upTo === undefined ? [] : [{ text: `${token} <= ?`, bound: { value: upTo, type: BIGINT } }]),
  ]
}

function partitionConditions(
  { partitionKey, clusteringKey }: CassandraTable,
  span: Extract<CassandraSelect['from'], { readonly by: 'partition' }>,
): readonly Condition[] {
  const { key, equals = [], lower, upper } = span
  const columns = [...partitionKey, ...clusteringKey]
  const condition = (index: number, sign: string, value: CqlValue): readonly Condition[] => {
    const column = columns[index]
    if (column === undefined) throw new RangeError('a select has more values than the key has columns')
    return [{ text: `${quoteIdentifier(column.name)} ${sign} ?`, bound: { value, type: column.type } }]
  }
  const fixed = [...key, ...equals]
  return [
    ...fixed.flatMap((value, index) => condition(index, '=', value)),
    ...(lower === undefined ? [] : condition(fixed.length, lower.inclusive ? '>=' : '>', lower.value)),
    ...(upper === undefined ? [] : condition(fixed.length, upper.inclusive ? '<=' : '<', upper.value)),
  ]
}

/**
 * The values are bound in this order: an insert's key, values, ttl and timestamp; an update's ttl, timestamp, values and key; a
 * delete's timestamp and key.
 */
export function mutationText(shape: MutationShape): string {
  const { operation, table, key, columns, condition } = shape
  const target = quotedTable(table)
  const where = key.map((name) => `${quoteIdentifier(name)} = ?`).join(' and ')
  switch (operation) {
    case 'insert': {
      const names = [...key, ...columns.map(({ name }) => name)]
      const places = names.map(() => '?').join(', ')
      return `insert into ${target} (${names.map(quoteIdentifier).join(', ')}) values (${places})${conditionText(condition)}${using(shape)}`
    }
    case 'update':
      return `update ${target}${using(shape)} set ${columns.map(assignment).join(', ')} where ${where}${conditionText(condition)}`
    case 'delete':
      return `delete from ${target}${using(shape)} where ${where}${conditionText(condition)}`
  }
  return operation satisfies never
}

function assignment({ name, change }: MutatedColumn): string {
  const column = quoteIdentifier(name)
  return change === 'set' ? `${column} = ?` : `${column} = ${column} + ?`
}

function conditionText(condition: MutationShape['condition']): string {
  if (condition === undefined) return ''
  return condition === 'exists' ? ' if exists' : ' if not exists'
}

function using({ hasTtl, hasTimestamp }: MutationShape): string {
  const options = [...(hasTtl ? ['ttl ?'] : []), ...(hasTimestamp ? ['timestamp ?'] : [])]
  return options.length === 0 ? '' : ` using ${options.join(' and ')}`
}
