/** What a Cassandra client promises of tables, tokens and rows that are read. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import type {
  CassandraRow,
  CassandraSession,
  CassandraTable,
  CqlValue,
  PartitionLocation,
} from '../../src/cassandra/cassandra-client.ts'
import { EVERYTHING } from './client-contract-tables.ts'
import { allRows, insert, pagesOf, tableOf } from './client-contract-rows.ts'

export async function describesTable(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  deepEqual(
    table.partitionKey.map(({ name }) => name),
    ['Sensor', 'part'],
  )
  deepEqual(
    table.clusteringKey.map(({ name, order }) => [name, order]),
    [
      ['day', 'asc'],
      ['hour', 'desc'],
    ],
  )
  const byName = new Map(table.columns.map((column) => [column.name, column]))
  equal(byName.get('room')?.role, 'static')
  deepEqual(byName.get('tags')?.type, { kind: 'list', of: { kind: 'text' }, frozen: false })
  deepEqual(
    table.columns.map(({ name }) => name),
    ['Sensor', 'part', 'day', 'hour', 'room', 'note', 'tags', 'value'],
  )
  equal(table.isCounter, false)
  equal((await tableOf(session, 'tally')).isCounter, true)
}

export async function describesMissing(session: CassandraSession): Promise<void> {
  const { keyspace } = await tableOf(session, 'tally')
  const noTable = await session.describeTable({ name: 'Tally' })
  ok('missing' in noTable && noTable.missing === 'table' && noTable.known.includes('tally'))
  const noKeyspace = await session.describeTable({ keyspace: 'nowhere', name: 'tally' })
  ok('missing' in noKeyspace && noKeyspace.missing === 'keyspace' && noKeyspace.known.includes(keyspace))
}

export async function describesRing(session: CassandraSession): Promise<void> {
  const { partitioner, tokens } = await session.describeRing()
  equal(partitioner, 'Murmur3Partitioner')
  ok(tokens.length > 0)
  deepEqual(
    tokens,
    tokens.toSorted((one, other) => (one < other ? -1 : 1)),
  )
}

export async function keepsTypes(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'everything')
  await insert(session, table, [EVERYTHING])
  const [row] = await allRows(session, table)
  deepEqual(row, EVERYTHING)
}

export async function givesNulls(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'everything')
  await insert(session, table, [{ id: 1 }])
  const [row] = await allRows(session, table)
  deepEqual(row, Object.fromEntries(table.columns.map(({ name }) => [name, name === 'id' ? 1 : null])))
}

/** 12 partitions of 5 rows, one of them with a static column, and one partition that has nothing else. */
async function fill(session: CassandraSession): Promise<CassandraTable> {
  const table = await tableOf(session, 'reading')
  const rows = Array.from({ length: 60 }, (_, index) => ({
    Sensor: `s${index % 12}`,
    part: BigInt(index % 3),
    day: Math.floor(index / 24),
    hour: index,
    note: `note ${index}`,
  }))
  await insert(session, table, rows)
  await insert(session, table, [
    { Sensor: 's1', part: 1n, room: 'attic' },
    { Sensor: 'lonely', part: 0n, room: 'cellar' },
  ])
  return table
}

export async function pagesByToken(session: CassandraSession): Promise<void> {
  const table = await fill(session)
  const seen: string[] = []
  let last: bigint | undefined
  let pages = 0
  for await (const page of pagesOf(session, table, { by: 'token' }, 7)) {
    pages += 1
    ok(page.rows.length <= 7)
    for (const row of page.rows) {
      const { token } = locate(session, table, row)
      ok(last === undefined || token >= last, 'the tokens go back')
      last = token
    }
    seen.push(...page.rows.map(({ Sensor, hour }) => `${Sensor as string} ${hour as number}`))
  }
  ok(pages >= 9)
  equal(seen.length, 61)
  equal(new Set(seen).size, 61)
  ok(seen.includes('lonely null'), 'a partition with static columns only')
}

export async function cutsRanges(session: CassandraSession): Promise<void> {
  const table = await fill(session)
  const { tokens } = await session.describeRing()
  const borders = [undefined, ...tokens, undefined]
  const seen: string[] = []
  for (const [index, after] of borders.slice(0, -1).entries()) {
    const upTo = borders[index + 1]
    const from = {
      by: 'token',
      ...(after !== undefined && { after }),
      ...(upTo !== undefined && { upTo }),
    } as const
    for await (const page of pagesOf(session, table, from, 4)) {
      for (const row of page.rows) {
        const { token } = locate(session, table, row)
        ok((after === undefined || token > after) && (upTo === undefined || token <= upTo))
        seen.push(`${row['Sensor'] as string} ${row['hour'] as number}`)
      }
    }
  }
  equal(seen.length, 61)
  equal(new Set(seen).size, 61)
}

export async function selectsDistinct(session: CassandraSession): Promise<void> {
  const table = await fill(session)
  const select = { table, columns: ['Sensor', 'part'], distinct: true, fetchSize: 100 } as const
  const { rows } = await session.select({ ...select, from: { by: 'token' }, consistency: 'local-one' })
  equal(rows.length, 13)
  equal(new Set(rows.map(({ Sensor }) => Sensor)).size, 13)
  const { token } = locate(session, table, rows[0])
  const one = await session.select({
    ...select,
    from: { by: 'token', after: token - 1n, upTo: token },
    consistency: 'local-one',
  })
  deepEqual(one.rows, rows.slice(0, 1))
}

function locate(
  session: CassandraSession,
  table: CassandraTable,
  row: CassandraRow | undefined,
): PartitionLocation {
  return session.locate(
    table,
    table.partitionKey.map(({ name }) => row?.[name] ?? null),
  )
}

/** Also keys that are not there have a place, and keys of one token are in the order of their bytes. */
export async function locatesKeys(session: CassandraSession): Promise<void> {
  const table = await fill(session)
  const { rows } = await session.select({
    table,
    columns: ['Sensor', 'part'],
    distinct: true,
    from: { by: 'token' },
    fetchSize: 100,
    consistency: 'local-one',
  })
  const places = rows.map((row) => locate(session, table, row))
  const order = places.toSorted((one, other) =>
    one.token === other.token ? Buffer.compare(one.bytes, other.bytes) : one.token < other.token ? -1 : 1,
  )
  deepEqual(places, order)
  equal(typeof session.locate(table, ['nobody', -1n]).token, 'bigint')
}

export async function readsPartition(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  const rows = [1, 2, 3].flatMap((day) => [4, 5, 6].map((hour) => ({ Sensor: 'x', part: 1n, day, hour })))
  await insert(session, table, rows)
  const read = async (from: object): Promise<readonly (readonly CqlValue[])[]> => {
    const span = { by: 'partition', key: ['x', 1n], ...from } as const
    const found: (readonly CqlValue[])[] = []
    for await (const page of pagesOf(session, table, span, 2))
      found.push(...page.rows.map((row) => [row['day'] as CqlValue, row['hour'] as CqlValue]))
    return found
  }
  deepEqual(
    await read({}),
    [1, 2, 3].flatMap((day) => [6, 5, 4].map((hour) => [day, hour])),
  )
  deepEqual(
    await read({ lower: { value: 2, inclusive: false } }),
    [6, 5, 4].map((hour) => [3, hour]),
  )
  deepEqual(await read({ equals: [2], upper: { value: 5, inclusive: false } }), [[2, 4]])
  deepEqual(await read({ equals: [2], lower: { value: 5, inclusive: true } }), [
    [2, 6],
    [2, 5],
  ])
  deepEqual(await read({ equals: [2, 5] }), [[2, 5]])
  deepEqual(await read({ key: ['y', 1n] }), [])
}
