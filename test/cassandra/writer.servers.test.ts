import { expect } from 'chai'
import { z } from 'zod'
import type { CassandraRow } from '../../src/cassandra/cassandra-client.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { failedItems } from '../../src/core/ports/items-failed.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { cassandraReader } from '../../src/readers/cassandra.ts'
import { itemWriterContract } from '../../src/testing/contracts/item-writer.ts'
import { NO_RESOURCES, NO_TRANSACTION_RESOURCES, SILENT_LOGGER } from '../../src/testing/contracts/scope.ts'
import { everyKillPoint } from '../../src/testing/index.ts'
import { cassandraWriter, type CassandraWriterOptions } from '../../src/writers/cassandra.ts'
import { type TestKeyspace, testKeyspace } from './test-keyspace.ts'
import { describeWithCassandra } from '../servers/describe-with-servers.ts'
import { CONTRACT_TABLES, CONTRACT_TYPE, EVERYTHING } from './client-contract-tables.ts'
import { createTable, createType } from './create-tables.ts'

interface Strike {
  readonly state: string
  readonly n: number
  readonly bird?: string | null
}

describeWithCassandra('cassandraWriter on a server', (address) => {
  let keyspace: TestKeyspace

  before(async () => {
    keyspace = await testKeyspace(address)
    const { run } = keyspace
    await run('create table strike (state text, n int, bird text, tags list<text>, primary key (state, n))')
    await run('create table copy (state text, n int, bird text, tags list<text>, primary key (state, n))')
    await run('create table tally (state text primary key, strikes counter)')
    for (const [name, fields] of Object.entries(CONTRACT_TYPE)) await run(createType(name, fields))
    await run(createTable('everything', CONTRACT_TABLES.everything))
  })
  after(() => keyspace.drop())
  beforeEach(() => keyspace.run('truncate strike'))

  const strike = (n: number, bird: string | null = `bird ${n}`): Strike => ({ state: `s${n % 3}`, n, bird })
  const writer = (options: Partial<CassandraWriterOptions<Strike>> = {}): ItemWriter<Strike> =>
    cassandraWriter<Strike>({
      client: keyspace.client,
      table: 'strike',
      columns: ['state', 'n', 'bird'],
      ...options,
    })

  const write = async <T>(one: ItemWriter<T>, ...chunks: readonly (readonly T[])[]): Promise<unknown> => {
    const sink = await one.open({
      from: undefined,
      jobName: 'job',
      jobExecutionId: '1',
      stepName: 'load',
      stepExecutionId: '1',
      signal: new AbortController().signal,
      logger: SILENT_LOGGER,
      resources: NO_RESOURCES,
    })
    try {
      for (const items of chunks) await sink.write(items, NO_TRANSACTION_RESOURCES)
      return undefined
    } catch (error) {
      return error
    } finally {
      await sink.close()
    }
  }
  const rows = async (table = 'strike'): Promise<readonly Strike[]> =>
    (await keyspace.run(`select state, n, bird from ${table}`))
      .map((row) => ({
        state: row['state'] as string,
        n: row['n'] as number,
        bird: row['bird'] as string | null,
      }))
      .toSorted((one, other) => one.n - other.n)

  for (const [what, options] of Object.entries<Partial<CassandraWriterOptions<Strike>>>({
    'item by item': {},
    'in batches': { batch: 'partition' },
  })) {
    describe(what, () => {
      const cases = itemWriterContract({ guarantee: 'idempotent', checkpoints: false }, async () => {
        await keyspace.run('truncate strike')
        return {
          writer: writer(options),
          items: Array.from({ length: 6 }, (_, n) => strike(n)),
          ordered: false,
          visible: () => rows(),
        }
      })
      for (const { promise, check } of cases) it(promise, check)
    })
  }

  it('writes every type so that the reader gives it back', async () => {
    const columns = Object.keys(EVERYTHING)
    const everything = cassandraWriter<CassandraRow>({
      client: keyspace.client,
      table: 'everything',
      columns,
    })
    await write(everything, [EVERYTHING, { id: 2 }])
    const reader = cassandraReader({
      client: keyspace.client,
      table: 'everything',
      keys: [{ id: -7 }, { id: 2 }],
    })
    const opened = await reader.open({
      from: undefined,
      signal: new AbortController().signal,
      logger: SILENT_LOGGER,
      resources: NO_RESOURCES,
    })
    const [first] = (await opened.read(10))?.items ?? []
    const [second] = (await opened.read(10))?.items ?? []
    await opened.close()
    expect(first).to.deep.equal(EVERYTHING)
    expect(second).to.deep.equal(Object.fromEntries(columns.map((name) => [name, name === 'id' ? 2 : null])))
  })

  it('writes items with one key in their order, also in batches and with the execution’s timestamps', async () => {
    for (const options of [
      {},
      { batch: 'partition' },
      { timestamp: 'execution' },
      { batch: 'partition', timestamp: 'execution' },
    ] as const) {
      await keyspace.run('truncate strike')
      const operation = ({ bird }: Strike) => (bird === null ? 'delete' : 'insert')
      const items = ['z', null, 'a'].map((bird) => strike(1, bird))
      await write(writer({ ...options, operation }), [
        ...items,
        strike(2, 'z'),
        strike(2, 'a'),
        strike(3),
        strike(3, null),
      ])
      expect(await rows()).to.deep.equal([strike(1, 'a'), strike(2, 'a')])
    }
  })

  it('gives a static column the value of the partition’s last item, also in batches', async () => {
    await keyspace.run('create table mayors (state text, n int, mayor text static, primary key (state, n))')
    const partitions = Array.from({ length: 200 }, (_, index) => `s${index}`)
    for (const options of [{}, { batch: 'partition' }, { operation: () => 'insert' as const }] as const) {
      const mayors = cassandraWriter<{ state: string; n: number; mayor: string }>({
        client: keyspace.client,
        table: 'mayors',
        columns: ['state', 'n', 'mayor'],
        ...options,
      })
      // In a batch with one timestamp the greater value would win.
      const items = partitions.flatMap((state) =>
        ['m', 'z', 'b', 'a'].map((mayor, n) => ({ state, n, mayor })),
      )
      expect(await write(mayors, items)).to.equal(undefined)
      const found = await keyspace.run('select distinct state, mayor from mayors')
      expect(found).to.have.lengthOf(partitions.length)
      expect(new Set(found.map((row) => row['mayor'] as string))).to.deep.equal(new Set(['a']))
    }
  })

  it('overwrites nothing that is newer than the item, and lets a key expire', async () => {
    const year = (n: number) => new Date(Date.UTC(n, 0))
    await write(writer({ timestamp: () => year(2021) }), [strike(1, 'new')])
    await write(writer({ timestamp: () => year(2020) }), [strike(1, 'old'), strike(2, 'old')])
    expect(await rows()).to.deep.equal([strike(1, 'new'), strike(2, 'old')])
    await write(writer({ ttl: ({ n }) => (n === 3 ? 3_600 : undefined) }), [strike(3), strike(4)])
    const [three, four] = await keyspace.run(
      "select ttl(bird) as t from strike where n in (3, 4) and state in ('s0', 's1')",
    )
    expect([three?.['t'], four?.['t']]).to.satisfy(
      ([one, other]: readonly unknown[]) => Number(one) > 3_000 && other === null,
    )
  })

  it('names the item that the server refuses, of a batch too', async () => {
    for (const options of [{}, { batch: 'partition' }] as const) {
      await keyspace.run('truncate strike')
      const items = [strike(0), { state: '', n: 5, bird: 'of no state' }, strike(3)]
      const error = await write(writer(options), items)
      expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([1])
      expect(await rows()).to.deep.equal([strike(0), strike(3)])
    }
  })

  it('inserts under a condition, adds to counters, appends to lists', async () => {
    const accept = { accept: 'at-least-once' } as const
    await write(writer(), [strike(1, 'first')])
    const condition = { when: 'not-exists', otherwise: 'fail', ...accept } as const
    const error = await write(writer({ condition }), [strike(1, 'second'), strike(2)])
    expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([0])
    expect(await rows()).to.deep.equal([strike(1, 'first'), strike(2)])
    const tally = cassandraWriter<Strike>({
      client: keyspace.client,
      table: 'tally',
      columns: { state: 'state', strikes: 'n' },
      counter: accept,
    })
    await write(tally, [strike(1), strike(4), strike(2)], [strike(7)])
    const tallies = await keyspace.run('select state, strikes from tally')
    expect(
      Object.fromEntries(tallies.map((row) => [row['state'] as string, Number(row['strikes'])])),
    ).to.deep.equal({ s1: 12, s2: 2 })
    const tagged = cassandraWriter<{ state: string; n: number; tags: readonly string[] }>({
      client: keyspace.client,
      table: 'strike',
      columns: ['state', 'n', 'tags'],
      append: { columns: ['tags'], ...accept },
    })
    await write(tagged, [
      { state: 's1', n: 1, tags: ['a'] },
      { state: 's1', n: 1, tags: ['b', 'c'] },
    ])
    const [row] = await keyspace.run("select tags from strike where state = 's1' and n = 1")
    expect(row?.['tags']).to.deep.equal(['a', 'b', 'c'])
  })

  it('copies a table whatever kills the job', async () => {
    await write(writer(), [Array.from({ length: 40 }, (_, n) => strike(n))].flat())
    const job = defineJob({
      name: 'copy',
      parameters: z.object({}),
      steps: (step) => ({
        copy: step.chunk(
          { size: 10 },
          {
            reader: cassandraReader<Strike>({ client: keyspace.client, table: 'strike', fetchSize: 7 }),
            writer: cassandraWriter<Strike>({
              client: keyspace.client,
              table: 'copy',
              columns: ['state', 'n', 'bird'],
              timestamp: 'execution',
            }),
          },
        ),
      }),
    })
    await everyKillPoint(job, {
      parameters: {},
      output: () => rows('copy'),
      reset: () => keyspace.run('truncate copy'),
      sample: 12,
    })
    expect(await rows('copy')).to.deep.equal(await rows())
  })
})
