import { expect } from 'chai'
import { z } from 'zod'
import type { CassandraClient } from '../../src/cassandra/cassandra-client.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { BatchError, isBatchError } from '../../src/core/model/batch-error.ts'
import { isTransient } from '../../src/core/model/transient-error.ts'
import { failedItems } from '../../src/core/ports/items-failed.ts'
import type { ItemSink, ItemWriter } from '../../src/core/ports/item-writer.ts'
import { cassandraReader } from '../../src/readers/cassandra.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { itemWriterContract } from '../../src/testing/contracts/item-writer.ts'
import { NO_RESOURCES, NO_TRANSACTION_RESOURCES, SILENT_LOGGER } from '../../src/testing/contracts/scope.ts'
import {
  everyKillPoint,
  fakeClock,
  type MemoryCassandra,
  memoryCassandra,
  memoryTable,
  runJob,
} from '../../src/testing/index.ts'
import { cassandraWriter, type CassandraWriterOptions } from '../../src/writers/cassandra.ts'

interface Strike {
  readonly state: string
  readonly n: bigint
  readonly bird?: string | null
  readonly cost?: string
}

type Options = Omit<CassandraWriterOptions<Strike>, 'client' | 'table' | 'columns'> &
  Partial<CassandraWriterOptions<Strike>>

const COLUMNS = ['state', 'n', 'bird', 'cost'] as const

describe('cassandraWriter', () => {
  let store: MemoryCassandra
  const clock = fakeClock()

  const emptyStore = (): MemoryCassandra =>
    memoryCassandra({
      tables: {
        strike: {
          columns: {
            state: 'text',
            n: 'bigint',
            bird: 'text',
            cost: 'decimal',
            mayor: 'text',
            tags: 'list<text>',
          },
          partitionKey: ['state'],
          clusteringKey: ['n'],
          static: ['mayor'],
        },
        tally: { columns: { state: 'text', strikes: 'counter' }, partitionKey: ['state'] },
      },
      clock,
    })
  beforeEach(() => void (store = emptyStore()))

  const strike = (n: number, bird: string | null | undefined = `bird ${n}`, state = `s${n % 3}`): Strike => ({
    state,
    n: BigInt(n),
    ...(bird !== undefined && { bird }),
    cost: `${n}.50`,
  })
  const writer = (options: Options = {}): ItemWriter<Strike> =>
    cassandraWriter<Strike>({ client: store.client, table: 'strike', columns: COLUMNS, ...options })

  const open = <T>(one: ItemWriter<T>, signal = new AbortController().signal): Promise<ItemSink<T>> =>
    one.open({
      from: undefined,
      jobName: 'job',
      jobExecutionId: '1',
      stepName: 'load',
      stepExecutionId: '1',
      signal,
      logger: SILENT_LOGGER,
      resources: NO_RESOURCES,
    })

  const write = async <T>(one: ItemWriter<T>, ...chunks: readonly (readonly T[])[]): Promise<unknown> => {
    const sink = await open(one)
    try {
      for (const items of chunks) await sink.write(items, NO_TRANSACTION_RESOURCES)
      return undefined
    } catch (error) {
      return error
    } finally {
      await sink.close()
    }
  }
  const birds = (): readonly unknown[] =>
    store
      .rows('strike')
      .toSorted((one, other) => Number(one['n']) - Number(other['n']))
      .map(({ bird }) => bird)

  for (const [what, options] of Object.entries<Options>({
    'item by item': {},
    'in batches, one request at a time': { batch: 'partition', concurrency: 1 },
    'with the execution’s timestamps': { timestamp: 'execution' },
  })) {
    describe(what, () => {
      const cases = itemWriterContract({ guarantee: 'idempotent', checkpoints: false }, async () => {
        const own = emptyStore()
        return {
          writer: writer({ ...options, client: own.client }),
          items: Array.from({ length: 6 }, (_, n) => strike(n)),
          ordered: false,
          visible: async () =>
            own.rows('strike').map(({ state, n, bird, cost }) => ({ state, n, bird, cost })),
        }
      })
      for (const { promise, check } of cases) it(promise, check)
    })
  }

  it('says what it guarantees, and what it does', () => {
    const accept = { accept: 'at-least-once' } as const
    const condition = { when: 'not-exists', otherwise: 'keep', ...accept } as const
    const described = [
      writer(),
      writer({ operation: 'delete' }),
      writer({ operation: ({ bird }) => (bird === null ? 'delete' : 'insert') }),
      writer({ condition }),
      cassandraWriter<Strike>({
        client: store.client,
        table: 'tally',
        columns: ['state', 'n'],
        counter: accept,
      }),
    ].map(({ description, guarantee }) => `${description}: ${guarantee}`)
    expect(described).to.deep.equal([
      'insert into cassandra table strike: idempotent',
      'delete from cassandra table strike: idempotent',
      'insert, update or delete in cassandra table strike: idempotent',
      'insert into cassandra table strike (if it does not exist): at-least-once',
      'update in cassandra table tally (counters): at-least-once',
    ])
  })

  it('leaves a column as it is where a value is undefined, and takes it away for null', async () => {
    await write(writer(), [strike(1), strike(2), strike(3)])
    await write(writer(), [
      { state: 's1', n: 1n },
      { state: 's2', n: 2n, bird: null },
    ])
    expect(birds()).to.deep.equal(['bird 1', null, 'bird 3'])
  })

  it('writes items with one key in their order, whatever they do', async () => {
    for (const batch of [undefined, 'partition'] as const) {
      for (const timestamp of [undefined, 'execution'] as const) {
        store.clear()
        const operation = ({ bird }: Strike) =>
          bird === null ? 'delete' : bird === 'new' ? 'update' : 'insert'
        const options = { operation, ...(batch && { batch }), ...(timestamp && { timestamp }) }
        const items = ['z', null, 'y', null, 'new'].map((bird) => strike(1, bird))
        await write(writer(options), [
          ...items,
          strike(2, 'z'),
          strike(2, 'a'),
          strike(3, 'x'),
          strike(3, null),
        ])
        expect(birds(), `${batch} ${timestamp}`).to.deep.equal(['new', 'a'])
      }
    }
  })

  it('gives rows their time to live', async () => {
    await write(writer({ ttl: ({ n }) => (n === 1n ? 10 : undefined) }), [strike(1), strike(2)])
    expect(birds()).to.have.lengthOf(2)
    await clock.advance(11_000)
    expect(birds()).to.deep.equal(['bird 2'])
  })

  it('overwrites nothing that is newer than the item', async () => {
    const at = (n: bigint) => 1_000_000n + n
    await write(writer({ timestamp: ({ n }) => at(n) + 10n }), [strike(1, 'new'), strike(2, 'new')])
    await write(writer({ timestamp: ({ n }) => at(n) }), [strike(1, 'old'), strike(2, 'old')])
    await write(writer({ timestamp: () => new Date(0), operation: 'delete' }), [strike(1)])
    expect(birds()).to.deep.equal(['new', 'new'])
  })

  it('overwrites nothing that a later execution has written, where the execution gives the timestamps', async () => {
    const zombie = await open(writer({ timestamp: 'execution' }))
    for (const begun = Date.now(); Date.now() === begun;);
    await write(writer({ timestamp: 'execution' }), [strike(1, 'restart')])
    await zombie.write([strike(1, 'zombie')], NO_TRANSACTION_RESOURCES)
    await zombie.close()
    expect(birds()).to.deep.equal(['restart'])
  })

  it('names the items that it cannot write, and writes the others', async () => {
    for (const batch of [undefined, 'partition'] as const) {
      store.clear()
      const items = [
        strike(1),
        { state: 'TX', n: 7 as unknown as bigint, cost: '1,50' },
        strike(2),
        { state: null as unknown as string, n: 3n },
        { state: 'TX', n: 2n ** 63n },
        strike(4),
      ]
      const error = await write(writer(batch && { batch }), items)
      expect(
        failedItems(error)?.map(({ index, error: one }) => `${index}: ${(one as Error).message}`),
      ).to.deep.equal([
        "1: item 2 of the chunk cannot be written into column cost: decimal takes text as in '12.50', a number or a bigint, not text of 4 characters",
        '3: item 4 of the chunk cannot be written into column state: its value is null, and a key needs one',
        '4: item 5 of the chunk cannot be written into column n: bigint takes a bigint of 64 bits, a whole number or digits, not a bigint',
      ])
      expect(birds()).to.deep.equal(['bird 1', 'bird 2', 'bird 4'])
    }
  })

  it('names an item whose timestamp is no moment', async () => {
    const changedAt = [new Date(Number.NaN), 5, undefined, new Date(1)]
    const options = { timestamp: ({ n }: Strike) => changedAt[Number(n)] as Date }
    const error = await write(
      writer(options),
      [0, 1, 2, 3].map((n) => strike(n)),
    )
    const failures = failedItems(error) ?? []
    expect(failures.map(({ index }) => index)).to.deep.equal([0, 1, 2])
    for (const failure of failures) {
      expect(isBatchError(failure.error, 'WRITE_FAILED')).to.equal(true)
      expect((failure.error as BatchError).message).to.match(/column timestamp: it is .*neither a valid Date/)
    }
    expect(birds()).to.deep.equal(['bird 3'])
  })

  it('names the one item of a batch that the server refuses', async () => {
    store.disturb({ kind: 'refused', times: 2 })
    const items = [strike(0), strike(3), strike(6)]
    const error = await write(writer({ batch: 'partition' }), items)
    expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([0])
    expect(birds()).to.deep.equal(['bird 3', 'bird 6'])
  })

  it('waits where the servers are overloaded or away, and writes everything', async () => {
    for (const kind of ['overloaded', 'unavailable', 'write-timeout', 'away'] as const) {
      store.clear()
      const sink = await open(writer())
      store.disturb({ kind, every: 2, times: 20 })
      await sink.write(
        Array.from({ length: 100 }, (_, n) => strike(n)),
        NO_TRANSACTION_RESOURCES,
      )
      await sink.close()
      expect(birds(), kind).to.have.lengthOf(100)
    }
  })

  it('settles when nothing is under way any more, also when it is told to end', async () => {
    const stop = new AbortController()
    const sink = await open(writer({ concurrency: 4 }), stop.signal)
    store.disturb({ kind: 'overloaded', times: 1_000_000 })
    const writing = sink.write(
      Array.from({ length: 50 }, (_, n) => strike(n)),
      NO_TRANSACTION_RESOURCES,
    )
    setTimeout(() => stop.abort(new Error('enough')), 30)
    const error: unknown = await writing.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect((error as Error).message).to.equal('enough')
    const { mutations } = store.requests()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(store.requests().mutations).to.equal(mutations)
    await sink.close()
  })

  describe('under a condition', () => {
    const condition = { when: 'not-exists', otherwise: 'keep', accept: 'at-least-once' } as const

    it('keeps the row that is there, or fails the item', async () => {
      await write(writer(), [strike(1, 'first')])
      expect(await write(writer({ condition }), [strike(1, 'second'), strike(2)])).to.equal(undefined)
      expect(birds()).to.deep.equal(['first', 'bird 2'])
      const failing = { ...condition, otherwise: 'fail' } as const
      const error = await write(writer({ condition: failing }), [strike(3), strike(1, 'third')])
      expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([1])
      expect((error as Error).message).to.include('it is there already')
    })

    it('finds out by reading whether a write whose answer was lost is done', async () => {
      const failing = { ...condition, otherwise: 'fail' } as const
      for (const applied of [true, false]) {
        store.clear()
        store.disturb({ kind: 'lwt-timeout', applied })
        expect(await write(writer({ condition: failing }), [strike(1)])).to.equal(undefined)
        expect(birds()).to.deep.equal(['bird 1'])
      }
      await write(writer(), [strike(2, 'another')])
      store.disturb({ kind: 'lwt-timeout', applied: false })
      const error = await write(writer({ condition: failing }), [strike(2)])
      expect(failedItems(error)).to.have.lengthOf(1)
      expect(birds()).to.deep.equal(['bird 1', 'another'])
    })

    it('updates and deletes what is there only', async () => {
      const exists = { ...condition, when: 'exists' } as const
      await write(writer(), [strike(1)])
      await write(writer({ operation: 'update', condition: exists }), [strike(1, 'new'), strike(2, 'none')])
      expect(birds()).to.deep.equal(['new'])
      store.disturb({ kind: 'lwt-timeout', applied: true })
      await write(writer({ operation: 'delete', condition: exists }), [strike(1)])
      expect(birds()).to.deep.equal([])
    })
  })

  describe('of counters', () => {
    const tally = (options: { readonly concurrency?: number; readonly client?: CassandraClient } = {}) =>
      cassandraWriter<Strike>({
        client: store.client,
        ...options,
        table: 'tally',
        columns: { state: 'state', strikes: 'n' },
        counter: { accept: 'at-least-once' },
      })

    it('adds', async () => {
      await write(tally(), [strike(1, '', 'TX'), strike(2, '', 'TX')], [strike(4, '', 'TX')])
      expect(store.rows('tally')).to.deep.equal([{ state: 'TX', strikes: 7n }])
    })

    it('never adds again by itself where nobody knows whether it has', async () => {
      store.disturb({ kind: 'write-timeout', applied: true })
      const error = await write(tally(), [strike(5, '', 'TX')])
      expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([0])
      expect(store.rows('tally')).to.deep.equal([{ state: 'TX', strikes: 5n }])
      store.disturb({ kind: 'unavailable' })
      expect(await write(tally(), [strike(2, '', 'TX')])).to.equal(undefined)
      expect(store.rows('tally')).to.deep.equal([{ state: 'TX', strikes: 7n }])
    })

    it('sends nothing more of a chunk once the servers have not answered in the time that is waited', async () => {
      store.disturb({ kind: 'write-timeout', applied: false })
      const error = await write(
        tally({ concurrency: 1 }),
        [1, 2, 3, 1, 2].map((n) => strike(n)),
      )
      expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([0, 1, 2, 3, 4])
      expect(store.rows('tally')).to.deep.equal([])
    })

    it('says in a line which host answered what', async () => {
      const hosts = { '10.0.0.1:9042': new Error('too few replicas'), '10.0.0.2:9042': new Error('away') }
      const error = Object.assign(new Error('All host(s) tried.\n    at FrameReader.readError'), {
        name: 'NoHostAvailableError',
        innerErrors: hosts,
      })
      const client: CassandraClient = {
        ...store.client,
        openSession: async (options) => ({
          ...(await store.client.openSession(options)),
          mutate: () => Promise.reject(error),
        }),
      }
      const [failure] = failedItems(await write(tally({ client }), [strike(1)])) ?? []
      expect(String(failure?.error)).to.equal(
        'BatchError: 10.0.0.1:9042: too few replicas; 10.0.0.2:9042: away',
      )
      expect(isTransient(failure?.error)).to.equal(true)
    })

    it('skips no item because of the servers', async () => {
      store.disturb({ kind: 'write-timeout', applied: false })
      const job = defineJob({
        name: 'tally',
        parameters: z.object({}),
        steps: (step) => ({
          add: step.chunk<Strike, Strike>(
            { size: 4, retry: false, skip: { on: Error, limit: 5 } },
            { reader: iterableReader([strike(1), strike(2)]), writer: tally() },
          ),
        }),
      })
      const result = await runJob(job, {})
      expect(result.status).to.equal('FAILED')
      expect(result.step('add').writeSkipCount).to.equal(0)
    })
  })

  it('appends to lists where that is accepted', async () => {
    const append = { columns: ['tags'], accept: 'at-least-once' } as const
    const tagged = cassandraWriter<{ state: string; n: bigint; tags: readonly string[] }>({
      client: store.client,
      table: 'strike',
      columns: ['state', 'n', 'tags'],
      append,
    })
    const row = { state: 'TX', n: 1n }
    await write(tagged, [
      { ...row, tags: ['a'] },
      { ...row, tags: ['b'] },
    ])
    expect(store.rows('strike').map(({ tags }) => tags)).to.deep.equal([['a', 'b']])
  })

  it('writes static columns without clustering columns', async () => {
    const mayors = cassandraWriter<{ state: string; mayor: string }>({
      client: store.client,
      table: 'strike',
      columns: ['state', 'mayor'],
    })
    await write(mayors, [{ state: 'TX', mayor: 'somebody' }])
    await write(writer(), [strike(1, 'b', 'TX')])
    expect(store.rows('strike').map(({ mayor, bird }) => [mayor, bird])).to.deep.equal([['somebody', 'b']])
  })

  it('says what is wrong with its options, naming column and remedy', async () => {
    const accept = { accept: 'at-least-once' } as const
    const condition = { when: 'not-exists', otherwise: 'keep', ...accept } as const
    const refusals: readonly (readonly [object, RegExp])[] = [
      [{ table: 'strikes' }, /no table test\.strikes\. Did you mean 'strike'\?/],
      [{ columns: ['state', 'n', 'brid'] }, /no column brid\. Did you mean 'bird'\?/],
      [{ columns: ['state', 'bird'] }, /column n is missing: the primary key is \(state, n\)/],
      [{ columns: [] }, /no columns are named/],
      [{ columns: ['n', 'n'] }, /column n is named twice/],
      [{ columns: ['state', 'n'], operation: 'update' }, /an update needs a column besides the key/],
      [{ ttl: -1 }, /ttl is -1; it must be whole seconds/],
      [{ ttl: 1.5 }, /ttl is 1\.5/],
      [{ concurrency: 0 }, /concurrency is 0/],
      [{ consistency: 'local_quorum' }, /consistency is 'local_quorum'\. Did you mean 'local-quorum'\?/],
      [{ consistency: 'serial' }, /consistency is 'serial'\..* There are: any, one/],
      [{ serialConsistency: 'quorum' }, /serialConsistency is 'quorum'.* There are: serial, local-serial/],
      [{ counter: accept }, /its columns are no counters/],
      [{ table: 'tally', columns: ['state', 'strikes'] }, /its columns are counters.*counter: \{ accept/],
      [{ table: 'tally', columns: ['state', 'strikes'], counter: {} }, /may write an item twice/],
      [
        { table: 'tally', columns: ['state', 'strikes'], counter: accept, ttl: 5 },
        /neither ttl nor timestamp/,
      ],
      [{ condition: { ...condition, accept: undefined } }, /condition may write an item twice/],
      [{ condition, timestamp: 'execution' }, /gets its timestamp from Cassandra/],
      [{ condition, batch: 'partition' }, /leave batch out/],
      [{ condition, operation: 'update' }, /'not-exists' is for 'insert'/],
      [{ append: { columns: ['bird'], ...accept } }, /nothing can be appended to column bird, which is text/],
      [{ append: { columns: ['tags'], ...accept } }, /append names column tags, which is not among/],
      [{ append: { columns: ['tags'], ...accept }, operation: 'insert' }, /leave 'operation' out/],
    ]
    for (const [options, message] of refusals) {
      try {
        await (await open(writer(options as Options))).close()
      } catch (error) {
        expect(isBatchError(error, 'INVALID_WRITER_OPTIONS'), String(error)).to.equal(true)
        expect((error as Error).message).to.match(message)
        continue
      }
      expect.fail(`it was not refused: ${message}`)
    }
  })

  it('ends a step with the items skipped that it has named', async () => {
    const bad: Strike = { state: '', n: 5n, cost: 'much' }
    const job = defineJob({
      name: 'strikes',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.chunk<Strike, Strike>(
          { size: 4, skip: { on: [BatchError], limit: 5 } },
          { reader: iterableReader([strike(1), bad, strike(2), strike(3), strike(4)]), writer: writer() },
        ),
      }),
    })
    const result = await runJob(job, {})
    expect(result.status).to.equal('COMPLETED')
    expect(birds()).to.deep.equal(['bird 1', 'bird 2', 'bird 3', 'bird 4'])
  })

  describe('together with the reader', () => {
    const source = (): MemoryCassandra => {
      const from = emptyStore()
      from.insert(
        'strike',
        Array.from({ length: 23 }, (_, n) => strike(n)),
      )
      return from
    }

    it('copies a table whatever kills the job wherever', async () => {
      const from = source()
      const job = defineJob({
        name: 'copy',
        parameters: z.object({}),
        steps: (step) => ({
          copy: step.chunk(
            { size: 5 },
            {
              reader: cassandraReader<Strike>({ client: from.client, table: 'strike', fetchSize: 3 }),
              writer: writer({ batch: 'partition', timestamp: 'execution' }),
            },
          ),
        }),
      })
      const report = await everyKillPoint(job, {
        parameters: {},
        output: () => store.rows('strike'),
        reset: () => store.clear(),
      })
      expect(report.kills).to.be.greaterThan(20)
      expect(birds()).to.have.lengthOf(23)
    })

    it('fills a table in the chunk’s transaction exactly once, whatever kills the job wherever', async () => {
      const from = source()
      const table = memoryTable<Strike>({ key: ({ n }) => n })
      const job = defineJob({
        name: 'copy',
        parameters: z.object({}),
        steps: (step) => ({
          copy: step.chunk(
            { size: 4 },
            {
              reader: cassandraReader<Strike>({
                client: from.client,
                table: 'strike',
                keys: ['s2', 's0', 's1'].map((state) => ({ state })),
                fetchSize: 3,
              }),
              writer: table.writer,
            },
          ),
        }),
      })
      await everyKillPoint(job, {
        parameters: {},
        output: () => table.rows(),
        reset: () => table.clear(),
        kills: 2,
      })
    })
  })
})
