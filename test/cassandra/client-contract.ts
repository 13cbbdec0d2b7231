/** What the port promises, as cases that the driver's side and the one in memory both have to pass. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import type {
  CassandraClient,
  CassandraMutation,
  CassandraMutationOptions,
  CassandraPage,
  CassandraRow,
  CassandraSelect,
  CassandraSession,
  CassandraTable,
  CqlValue,
  MutationShape,
  PartitionLocation,
} from '../../src/cassandra/cassandra-client.ts'
import type { ContractCase } from '../../src/testing/contract.ts'

/** With the tables of `CONTRACT_TABLES` and the type of `CONTRACT_TYPE`, empty at the beginning of each case. */
export interface ClientSubject {
  readonly client: CassandraClient
  readonly clear: () => Promise<void>
  /** Waits until what was to expire after a second has. */
  readonly passSeconds: (seconds: number) => Promise<void>
}

export const CONTRACT_TYPE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  address: { street: 'text', numbers: 'frozen<list<int>>' },
}

export const CONTRACT_TABLES = {
  reading: {
    columns: {
      Sensor: 'text',
      part: 'bigint',
      day: 'int',
      hour: 'int',
      value: 'decimal',
      note: 'text',
      room: 'text',
      tags: 'list<text>',
    },
    partitionKey: ['Sensor', 'part'],
    clusteringKey: ['day', { column: 'hour', order: 'desc' }],
    static: ['room'],
  },
  tally: { columns: { id: 'int', n: 'counter' }, partitionKey: ['id'] },
  everything: {
    columns: {
      id: 'int',
      a: 'ascii',
      b: 'bigint',
      bl: 'blob',
      bo: 'boolean',
      d: 'date',
      de: 'decimal',
      dou: 'double',
      dur: 'duration',
      f: 'float',
      i: 'inet',
      l: 'list<frozen<map<text, uuid>>>',
      m: 'map<date, frozen<list<bigint>>>',
      s: 'set<timeuuid>',
      si: 'smallint',
      te: 'text',
      ti: 'time',
      tin: 'tinyint',
      ts: 'timestamp',
      tu: 'frozen<tuple<int, text, varint>>',
      tuu: 'timeuuid',
      u: 'uuid',
      ud: 'frozen<address>',
      v: 'varint',
    },
    partitionKey: ['id'],
  },
} as const

const OPTIONS: CassandraMutationOptions = {
  consistency: 'local-quorum',
  serialConsistency: 'local-serial',
  idempotent: true,
}

export const EVERYTHING: Readonly<Record<string, CqlValue>> = {
  id: -7,
  a: 'plain',
  b: 9_223_372_036_854_775_807n,
  bl: Buffer.from([0, 1, 254, 255]),
  bo: false,
  d: '2026-02-28',
  de: '-12345678901234567890.000100',
  dou: 0.1 + 0.2,
  dur: '1y2mo3d4h5m6s7ms8us9ns',
  f: 1.5,
  i: '2001:db8::1',
  l: [new Map([['one', '123e4567-e89b-42d3-a456-426614174000']]), new Map()],
  m: new Map<CqlValue, CqlValue>([
    ['1969-12-31', [-1n, 2n ** 62n]],
    ['2026-11-22', []],
  ]),
  s: new Set(['50554d6e-29bb-11e5-b345-feff819cdc9f']),
  si: -32_768,
  te: 'Grüße 🙂',
  ti: '08:20:30.123456789',
  tin: 127,
  ts: new Date('2026-11-22T08:20:30.123Z'),
  tu: [1, null, -(2n ** 80n)],
  tuu: '50554d6e-29bb-11e5-b345-feff819cdc9f',
  u: '123e4567-e89b-42d3-a456-426614174000',
  ud: { street: 'Am Markt', numbers: [] },
  v: 2n ** 100n,
}

type Check = (session: CassandraSession, subject: ClientSubject) => Promise<void>

const PROMISES: Readonly<Record<string, Check>> = {
  'describes a table: keys in their order, directions, types, static columns': describesTable,
  'says which keyspace or table is missing, and what there is': describesMissing,
  'gives the ring’s tokens in ascending order': describesRing,
  'gives back every type as it was written': keepsTypes,
  'gives null for what has no value': givesNulls,
  'pages through all rows in the order of their tokens': pagesByToken,
  'cuts a range of tokens without losing or repeating a row': cutsRanges,
  'names each partition once when asked for distinct keys': selectsDistinct,
  'knows where keys stand': locatesKeys,
  'gives a partition’s rows in their order, within bounds': readsPartition,
  'leaves a column as it is where a value is undefined, and takes it away for null': unsetsAndNulls,
  'keeps the newer of two writes, whichever comes last': keepsNewest,
  'forgets what has expired': expires,
  'writes several mutations of one partition together': writesBatch,
  'inserts under the condition that a row is not there, once': insertsOnce,
  'updates and deletes under the condition that a row is there': updatesExisting,
  'adds to counters': addsToCounters,
  'appends to lists': appendsToLists,
  'refuses a key without a value': refusesNullKey,
}

export function cassandraClientContract(prepare: () => Promise<ClientSubject>): readonly ContractCase[] {
  return Object.entries(PROMISES).map(([promise, check]) => ({
    promise,
    check: async () => {
      const subject = await prepare()
      await subject.clear()
      const session = await subject.client.openSession({ signal: new AbortController().signal })
      try {
        await check(session, subject)
      } finally {
        await session.close()
      }
    },
  }))
}

async function tableOf(
  session: CassandraSession,
  name: keyof typeof CONTRACT_TABLES,
): Promise<CassandraTable> {
  const table = await session.describeTable({ name })
  if ('missing' in table) throw new Error(`the subject has no table ${name}`)
  return table
}

async function describesTable(session: CassandraSession): Promise<void> {
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

async function describesMissing(session: CassandraSession): Promise<void> {
  const { keyspace } = await tableOf(session, 'tally')
  const noTable = await session.describeTable({ name: 'Tally' })
  ok('missing' in noTable && noTable.missing === 'table' && noTable.known.includes('tally'))
  const noKeyspace = await session.describeTable({ keyspace: 'nowhere', name: 'tally' })
  ok('missing' in noKeyspace && noKeyspace.missing === 'keyspace' && noKeyspace.known.includes(keyspace))
}

async function describesRing(session: CassandraSession): Promise<void> {
  const { partitioner, tokens } = await session.describeRing()
  equal(partitioner, 'Murmur3Partitioner')
  ok(tokens.length > 0)
  deepEqual(
    tokens,
    tokens.toSorted((one, other) => (one < other ? -1 : 1)),
  )
}

async function keepsTypes(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'everything')
  await insert(session, table, [EVERYTHING])
  const [row] = await allRows(session, table)
  deepEqual(row, EVERYTHING)
}

async function givesNulls(session: CassandraSession): Promise<void> {
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

async function pagesByToken(session: CassandraSession): Promise<void> {
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

async function cutsRanges(session: CassandraSession): Promise<void> {
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

async function selectsDistinct(session: CassandraSession): Promise<void> {
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
async function locatesKeys(session: CassandraSession): Promise<void> {
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

async function readsPartition(session: CassandraSession): Promise<void> {
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

async function unsetsAndNulls(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  const key = { Sensor: 'x', part: 1n, day: 1, hour: 1 }
  await insert(session, table, [{ ...key, note: 'a', value: '1.50', tags: ['t'] }])
  const mutation = mutationOf(table, 'insert', { ...key, note: null, value: undefined, tags: [] })
  await session.mutate([mutation], OPTIONS)
  const [row] = await allRows(session, table)
  deepEqual([row?.['note'], row?.['value'], row?.['tags']], [null, '1.50', null])
}

async function keepsNewest(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  const row = { Sensor: 'x', part: 1n, day: 1, hour: 1 }
  const write = (
    operation: 'insert' | 'update' | 'delete',
    note: string,
    timestamp: bigint,
  ): Promise<unknown> =>
    session.mutate(
      [mutationOf(table, operation, { ...row, ...(operation !== 'delete' && { note }) }, { timestamp })],
      OPTIONS,
    )
  const note = async (): Promise<unknown> => (await allRows(session, table))[0]?.['note']
  await write('insert', 'second', 2_000n)
  await write('insert', 'first', 1_000n)
  equal(await note(), 'second')
  await write('delete', '', 1_500n)
  equal(await note(), 'second')
  await write('update', 'third', 3_000n)
  equal(await note(), 'third')
  await write('delete', '', 4_000n)
  await write('insert', 'too old', 3_500n)
  deepEqual(await allRows(session, table), [])
}

async function expires(session: CassandraSession, { passSeconds }: ClientSubject): Promise<void> {
  const table = await tableOf(session, 'reading')
  const row = { Sensor: 'x', part: 1n, day: 1 }
  // Servers count whole seconds: of one there may be nothing left at once.
  await session.mutate([mutationOf(table, 'insert', { ...row, hour: 1, note: 'short' }, { ttl: 2 })], OPTIONS)
  await session.mutate([mutationOf(table, 'insert', { ...row, hour: 2, note: 'ever' }, { ttl: 0 })], OPTIONS)
  const unlimited = mutationOf(table, 'insert', { ...row, hour: 3, note: 'unset' }, { ttl: 1 })
  const { ttl: _, ...withoutTtl } = unlimited
  await session.mutate([withoutTtl], OPTIONS)
  await session.mutate(
    [mutationOf(table, 'insert', { ...row, hour: 4, note: 'long' }, { ttl: 3600 })],
    OPTIONS,
  )
  // Not asked before: servers count whole seconds, so that one second may be over at once.
  await passSeconds(2)
  deepEqual(
    (await allRows(session, table)).map(({ note }) => note),
    ['long', 'unset', 'ever'],
  )
}

async function writesBatch(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  const row = { Sensor: 'x', part: 1n, day: 1 }
  await insert(session, table, [{ ...row, hour: 9, note: 'old' }])
  await session.mutate(
    [
      mutationOf(table, 'insert', { ...row, hour: 1, note: 'a' }),
      mutationOf(table, 'update', { ...row, hour: 2, note: 'b' }),
      mutationOf(table, 'delete', { ...row, hour: 9 }),
    ],
    OPTIONS,
  )
  deepEqual(
    (await allRows(session, table)).map(({ hour, note }) => [hour, note]),
    [
      [2, 'b'],
      [1, 'a'],
    ],
  )
}

const CONDITIONAL: CassandraMutationOptions = { ...OPTIONS, idempotent: false }

async function insertsOnce(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  const row = { Sensor: 'x', part: 1n, day: 1, hour: 1 }
  const write = (note: string): Promise<unknown> =>
    session.mutate([mutationOf(table, 'insert', { ...row, note }, { condition: 'not-exists' })], CONDITIONAL)
  deepEqual(await write('first'), { applied: true })
  deepEqual(await write('second'), { applied: false })
  equal((await allRows(session, table))[0]?.['note'], 'first')
}

async function updatesExisting(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  const row = { Sensor: 'x', part: 1n, day: 1, hour: 1 }
  const write = (operation: 'update' | 'delete'): Promise<unknown> => {
    const values = operation === 'update' ? { ...row, note: 'new' } : row
    return session.mutate([mutationOf(table, operation, values, { condition: 'exists' })], CONDITIONAL)
  }
  deepEqual(await write('update'), { applied: false })
  deepEqual(await allRows(session, table), [])
  await session.mutate([mutationOf(table, 'insert', row, { condition: 'not-exists' })], CONDITIONAL)
  deepEqual(await write('update'), { applied: true })
  equal((await allRows(session, table))[0]?.['note'], 'new')
  deepEqual(await write('delete'), { applied: true })
  deepEqual(await write('delete'), { applied: false })
  deepEqual(await allRows(session, table), [])
}

async function addsToCounters(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'tally')
  const add = (n: bigint): CassandraMutation => mutationOf(table, 'update', { id: 1, n }, { change: 'add' })
  await session.mutate([add(5n)], { ...OPTIONS, idempotent: false })
  await session.mutate([add(-2n), add(10n)], { ...OPTIONS, idempotent: false })
  deepEqual(await allRows(session, table), [{ id: 1, n: 13n }])
}

async function appendsToLists(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  const row = { Sensor: 'x', part: 1n, day: 1, hour: 1 }
  for (const tags of [['a'], ['b', 'c']]) {
    await session.mutate([mutationOf(table, 'update', { ...row, tags }, { change: 'append' })], CONDITIONAL)
  }
  deepEqual((await allRows(session, table))[0]?.['tags'], ['a', 'b', 'c'])
}

async function refusesNullKey(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'tally')
  const mutation = mutationOf(await tableOf(session, 'everything'), 'insert', { id: null, te: 'x' })
  await rejects(session.mutate([mutation], OPTIONS), { name: 'ResponseError', code: 0x2200 })
  deepEqual(await allRows(session, table), [])
}

function mutationOf(
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

async function insert(
  session: CassandraSession,
  table: CassandraTable,
  rows: readonly Readonly<Record<string, CqlValue>>[],
): Promise<void> {
  await Promise.all(rows.map((row) => session.mutate([mutationOf(table, 'insert', row)], OPTIONS)))
}

async function* pagesOf(
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

async function allRows(session: CassandraSession, table: CassandraTable): Promise<readonly CassandraRow[]> {
  const rows: CassandraRow[] = []
  for await (const page of pagesOf(session, table, { by: 'token' }, 100)) rows.push(...page.rows)
  return rows
}
