/** How the contract of a Cassandra client writes rows, and reads them. */
import type {
  CassandraMutation,
  CassandraMutationOptions,
  CassandraPage,
  CassandraRow,
  CassandraSelect,
  CassandraSession,
  CassandraTable,
  CqlValue,
  MutationShape,
} from '../../src/cassandra/cassandra-client.ts'
import type { CONTRACT_TABLES } from './client-contract-tables.ts'

export const OPTIONS: CassandraMutationOptions = {
  consistency: 'local-quorum',
  serialConsistency: 'local-serial',
  idempotent: true,
}

export async function tableOf(
  session: CassandraSession,
  name: keyof typeof CONTRACT_TABLES,
): Promise<CassandraTable> {
  const table = await session.describeTable({ name })
  if ('missing' in table) throw new Error(`the subject has no table ${name}`)
  return table
}

export function mutationOf(
  table: CassandraTable,
  operation: MutationShape['operation'],
  values: Readonly<Record<string, CqlValue | undefined>>,
  options: {
    readonly ttl?: number
    readonly timestamp?: bigint
    readonly condition?: 'exists' | 'not-exists'
    readonly change?: 'add' | 'append'
  } = {},
): CassandraMutation {
  const { ttl, timestamp, condition, change = 'set' } = options
  const named = table.columns.filter(({ name }) => name in values)
  const key = named.filter(({ role }) => role === 'partition' || role === 'clustering')
  const others = named.filter((column) => !key.includes(column))
  return {
    shape: {
      table,
      operation,
      key: key.map(({ name }) => name),
      columns: others.map(({ name }) => ({ name, change })),
      hasTtl: ttl !== undefined,
      hasTimestamp: timestamp !== undefined,
      ...(condition !== undefined && { condition }),
    },
    key: key.map(({ name }) => values[name] ?? null),
    values: others.map(({ name }) => values[name]),
    ...(ttl !== undefined && { ttl }),
    ...(timestamp !== undefined && { timestamp }),
  }
}

export async function insert(
  session: CassandraSession,
  table: CassandraTable,
  rows: readonly Readonly<Record<string, CqlValue>>[],
): Promise<void> {
  await Promise.all(rows.map((row) => session.mutate([mutationOf(table, 'insert', row)], OPTIONS)))
}

export async function* pagesOf(
  session: CassandraSession,
  table: CassandraTable,
  from: CassandraSelect['from'],
  fetchSize: number,
): AsyncGenerator<CassandraPage> {
  const columns = table.columns.map(({ name }) => name)
  let page: string | undefined
  do {
    const answer: CassandraPage = await session.select({
      table,
      columns,
      from,
      fetchSize,
      consistency: 'local-quorum',
      ...(page !== undefined && { page }),
    })
    yield answer
    page = answer.next
  } while (page !== undefined)
}

export async function allRows(
  session: CassandraSession,
  table: CassandraTable,
): Promise<readonly CassandraRow[]> {
  const rows: CassandraRow[] = []
  for await (const page of pagesOf(session, table, { by: 'token' }, 100)) rows.push(...page.rows)
  return rows
}
