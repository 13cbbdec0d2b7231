/** What a Cassandra client promises of what is written. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import type {
  CassandraMutation,
  CassandraMutationOptions,
  CassandraSession,
} from '../../src/cassandra/cassandra-client.ts'
import { allRows, insert, mutationOf, OPTIONS, tableOf } from './client-contract-rows.ts'

export interface Passing {
  /** Waits until what was to expire after a second has. */
  readonly passSeconds: (seconds: number) => Promise<void>
}

export async function unsetsAndNulls(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  const key = { Sensor: 'x', part: 1n, day: 1, hour: 1 }
  await insert(session, table, [{ ...key, note: 'a', value: '1.50', tags: ['t'] }])
  const mutation = mutationOf(table, 'insert', { ...key, note: null, value: undefined, tags: [] })
  await session.mutate([mutation], OPTIONS)
  const [row] = await allRows(session, table)
  deepEqual([row?.['note'], row?.['value'], row?.['tags']], [null, '1.50', null])
}

export async function keepsNewest(session: CassandraSession): Promise<void> {
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

export async function expires(session: CassandraSession, { passSeconds }: Passing): Promise<void> {
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

export async function writesBatch(session: CassandraSession): Promise<void> {
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

export async function insertsOnce(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  const row = { Sensor: 'x', part: 1n, day: 1, hour: 1 }
  const write = (note: string): Promise<unknown> =>
    session.mutate([mutationOf(table, 'insert', { ...row, note }, { condition: 'not-exists' })], CONDITIONAL)
  deepEqual(await write('first'), { applied: true })
  deepEqual(await write('second'), { applied: false })
  equal((await allRows(session, table))[0]?.['note'], 'first')
}

export async function updatesExisting(session: CassandraSession): Promise<void> {
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

export async function addsToCounters(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'tally')
  const add = (n: bigint): CassandraMutation => mutationOf(table, 'update', { id: 1, n }, { change: 'add' })
  await session.mutate([add(5n)], { ...OPTIONS, idempotent: false })
  await session.mutate([add(-2n), add(10n)], { ...OPTIONS, idempotent: false })
  deepEqual(await allRows(session, table), [{ id: 1, n: 13n }])
}

export async function appendsToLists(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'reading')
  const row = { Sensor: 'x', part: 1n, day: 1, hour: 1 }
  for (const tags of [['a'], ['b', 'c']]) {
    await session.mutate([mutationOf(table, 'update', { ...row, tags }, { change: 'append' })], CONDITIONAL)
  }
  deepEqual((await allRows(session, table))[0]?.['tags'], ['a', 'b', 'c'])
}

export async function refusesNullKey(session: CassandraSession): Promise<void> {
  const table = await tableOf(session, 'tally')
  const mutation = mutationOf(await tableOf(session, 'everything'), 'insert', { id: null, te: 'x' })
  await rejects(session.mutate([mutation], OPTIONS), { name: 'ResponseError', code: 0x2200 })
  deepEqual(await allRows(session, table), [])
}
