import { expect } from 'chai'
import { z } from 'zod'
import { cassandraPartitions, type TokenRange } from '../../src/cassandra/index.ts'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { Checkpoint } from '../../src/core/model/json-value.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import {
  cassandraReader,
  type CassandraReaderOptions,
  type CassandraReaderSettings,
  type ClusteringRange,
} from '../../src/readers/cassandra.ts'
import { itemReaderContract } from '../../src/testing/contracts/item-reader.ts'
import { NO_RESOURCES, SILENT_LOGGER, stored } from '../../src/testing/contracts/scope.ts'
import { type MemoryCassandra, memoryCassandra } from '../../src/testing/index.ts'

type Row = Readonly<Record<string, unknown>>

/** Also what the compiler would refuse. */
interface Asked extends CassandraReaderSettings<Row> {
  readonly keys?: readonly Row[]
  readonly clustering?: ClusteringRange
  readonly range?: TokenRange
}

/** Some partitions of one row, some wide ones, and two that share a token with another. */
function strikes(): MemoryCassandra {
  const store = memoryCassandra({
    tables: {
      strike: {
        columns: { state: 'text', day: 'date', n: 'bigint', bird: 'text', cost: 'decimal', mayor: 'text' },
        partitionKey: ['state'],
        clusteringKey: [{ column: 'day', order: 'desc' }, 'n'],
        static: ['mayor'],
      },
      airport: { columns: { code: 'text', name: 'text' }, partitionKey: ['code'] },
    },
    tokenOf: ([key]) => TOKENS[key as string] ?? BigInt((key as string).charCodeAt(0)) * 100n - 8_000n,
  })
  for (const [state, count] of Object.entries({ AL: 1, CA: 7, FL: 3, NY: 5, TX: 9, UT: 2, WA: 1 })) {
    store.insert(
      'strike',
      Array.from({ length: count }, (_, index) => ({
        state,
        day: `2026-01-0${1 + (index % 3)}`,
        n: BigInt(index),
        bird: `bird ${index}`,
        cost: `${index}.50`,
      })),
    )
  }
  store.insert('strike', [{ state: 'DC', mayor: 'somebody' }])
  return store
}

/** FL, NY and TX are one token's, and UT is the first of all. */
const TOKENS: Readonly<Record<string, bigint>> = { FL: 77n, NY: 77n, TX: 77n, UT: -(2n ** 63n) + 1n }

describe('cassandraReader', () => {
  const open = (reader: ItemReader<Row>, from?: Checkpoint, signal = new AbortController().signal) =>
    reader.open({
      from: from === undefined ? undefined : stored(from),
      signal,
      logger: SILENT_LOGGER,
      resources: NO_RESOURCES,
    })

  interface ReadItem {
    readonly item: Row
    readonly checkpoint: Checkpoint
  }

  const readAll = async (
    reader: ItemReader<Row>,
    from?: Checkpoint,
    limit = 10,
  ): Promise<readonly ReadItem[]> => {
    const opened = await open(reader, from)
    const items: ReadItem[] = []
    try {
      for (let page = await opened.read(limit); page; page = await opened.read(limit)) {
        for (const [index, item] of page.items.entries())
          items.push({ item, checkpoint: page.checkpointAfter(index) })
      }
    } finally {
      await opened.close()
    }
    return items
  }
  const names = (read: readonly ReadItem[]): readonly string[] =>
    read.map(
      ({ item }) =>
        `${item['state'] as string} ${item['day'] as string} ${String(item['n'] as bigint | null)}`,
    )

  const whole = (store: MemoryCassandra, options: Partial<Asked> = {}) =>
    cassandraReader<Row>({
      client: store.client,
      table: 'strike',
      fetchSize: 3,
      ...options,
    } as CassandraReaderOptions<Row>)

  const refused = async (
    options: Omit<Asked, 'client'>,
    message: RegExp,
    from?: Checkpoint,
  ): Promise<void> => {
    try {
      await readAll(
        cassandraReader<Row>({ client: strikes().client, ...options } as CassandraReaderOptions<Row>),
        from,
      )
    } catch (error) {
      if (!isBatchError(error)) throw error
      expect(error.message).to.match(message)
      return
    }
    expect.fail('it was not refused')
  }

  const contract = (what: string, options: Partial<Asked>, replacement: Partial<Asked>): void => {
    describe(what, () => {
      const store = strikes()
      const failing = strikes()
      failing.disturb({ kind: 'refused', every: 2, times: 1_000 })
      const subject = {
        reader: () => whole(store, options),
        faulty: () =>
          whole(store, {
            ...options,
            schema: z.looseObject({
              bird: z
                .string()
                .refine((bird) => bird !== 'bird 2')
                .nullable(),
            }),
          }),
        replaced: () => whole(store, { ...options, ...replacement }),
        failing: () => whole(failing, { ...options, concurrency: 1 }),
      }
      for (const { promise, check } of itemReaderContract<Row>(subject)) it(promise, check)
    })
  }
  contract('of a whole table', {}, { columns: ['bird'] })
  contract(
    'of a whole table in large pages, without its key among the columns',
    { fetchSize: 100, columns: ['bird', 'cost'] },
    { columns: ['bird'] },
  )
  contract(
    'of a range of tokens',
    { range: { after: -1_400n, upTo: 2n ** 62n }, concurrency: 2 },
    {
      range: { after: -1_500n, upTo: 2n ** 62n },
    },
  )
  contract(
    'of partitions',
    { keys: ['TX', 'none', 'CA', 'AL', 'DC'].map((state) => ({ state })) },
    {
      keys: ['TX', 'none', 'CA', 'AL', 'NY'].map((state) => ({ state })),
    },
  )
  contract(
    'of partitions, within a clustering range',
    {
      keys: ['TX', 'CA', 'NY'].map((state) => ({ state })),
      clustering: { from: { day: '2026-01-02' }, before: { day: '2026-01-09' } },
      fetchSize: 2,
    },
    { clustering: { from: { day: '2026-01-01' } } },
  )

  it('gives the rows of a table in the order of their tokens, once, whatever the pages and the ranges are', async () => {
    const store = strikes()
    const expected = store
      .rows('strike')
      .map((row) => `${row['state'] as string} ${row['day'] as string} ${String(row['n'] as bigint | null)}`)
    expect(expected).to.have.lengthOf(29)
    for (const fetchSize of [1, 2, 5, 100]) {
      for (const concurrency of [1, 3, 10])
        expect(names(await readAll(whole(store, { fetchSize, concurrency })))).to.deep.equal(expected)
    }
  })

  it('passes over pages without rows in the middle', async () => {
    const store = strikes()
    const expected = names(await readAll(whole(store)))
    store.disturb({ kind: 'empty-page', every: 2, times: 1_000 })
    expect(names(await readAll(whole(store, { fetchSize: 2 })))).to.deep.equal(expected)
    const keys = [{ state: 'TX' }]
    expect(await readAll(whole(store, { keys, fetchSize: 2 }))).to.have.lengthOf(9)
  })

  it('goes on behind the last row where its paging state is refused', async () => {
    const store = strikes()
    const expected = names(await readAll(whole(store)))
    const opened = await open(whole(store, { fetchSize: 2, concurrency: 1 }))
    const items: Row[] = []
    for (let page = await opened.read(10); page; page = await opened.read(10)) {
      items.push(...page.items)
      store.forgetPagingStates()
    }
    await opened.close()
    expect(
      items.map(({ state, day, n }) => `${state as string} ${day as string} ${String(n as bigint | null)}`),
    ).to.deep.equal(expected)
  })

  it('asks for less where servers do not manage a page in time, and loses nothing', async () => {
    const store = strikes()
    const expected = names(await readAll(whole(store)))
    for (const kind of ['read-timeout', 'overloaded', 'unavailable'] as const) {
      store.disturb({ kind, every: 3, times: 8 })
      expect(names(await readAll(whole(store, { fetchSize: 20 })))).to.deep.equal(expected)
    }
  })

  it('resumes exactly where the row it stands behind, its partition, or that of its token’s twin was deleted', async () => {
    const all = await readAll(whole(strikes()))
    for (const [index, { item, checkpoint }] of all.entries()) {
      const store = strikes()
      store.delete(
        'strike',
        [{ state: item['state'], day: item['day'], n: item['n'] }].filter(({ day }) => day !== null),
      )
      const rest = await readAll(whole(store), checkpoint)
      expect(names(rest), `behind ${names(all)[index]}`).to.deep.equal(names(all.slice(index + 1)))
      const partition = all.filter((one) => one.item['state'] === item['state'] && one.item['day'] !== null)
      store.delete(
        'strike',
        partition.map((one) => ({ state: item['state'], day: one.item['day'], n: one.item['n'] })),
      )
      const others = await readAll(whole(store), checkpoint)
      expect(names(others)).to.deep.equal(
        names(all.slice(index + 1).filter((one) => one.item['state'] !== item['state'])),
      )
    }
  })

  it('reads nothing twice at a restart in the middle of a wide partition', async () => {
    const store = memoryCassandra({
      tables: { wide: { columns: { id: 'int', n: 'int' }, partitionKey: ['id'], clusteringKey: ['n'] } },
    })
    store.insert(
      'wide',
      Array.from({ length: 1_000 }, (_, n) => ({ id: 1, n })),
    )
    const reader = cassandraReader<Row>({
      client: store.client,
      table: 'wide',
      fetchSize: 10,
      concurrency: 1,
    })
    const all = await readAll(reader, undefined, 10)
    const before = store.requests().selects
    const rest = await readAll(reader, all[979]?.checkpoint)
    expect(rest.map(({ item }) => item['n'])).to.deep.equal(Array.from({ length: 20 }, (_, n) => 980 + n))
    // The rest, the token’s twins, and the ranges behind: not the partition again.
    expect(store.requests().selects - before).to.be.lessThan(25)
  })

  it('goes on where the ring was cut anew', async () => {
    const all = await readAll(whole(strikes()))
    const rows = strikes().rows('strike')
    expect(rows).to.have.lengthOf(all.length)
    const other = memoryCassandra({
      tables: { t: { columns: { id: 'int' }, partitionKey: ['id'] } },
      ringTokens: [],
    })
    const one = memoryCassandra({ tables: { t: { columns: { id: 'int' }, partitionKey: ['id'] } } })
    for (const store of [one, other])
      store.insert(
        't',
        Array.from({ length: 50 }, (_, id) => ({ id })),
      )
    const read = (store: MemoryCassandra) =>
      cassandraReader<Row>({ client: store.client, table: 't', fetchSize: 4 })
    const first = await readAll(read(one))
    expect(first).to.have.lengthOf(50)
    const rest = await readAll(read(other), first[20]?.checkpoint)
    expect(rest.map(({ item }) => item)).to.deep.equal(first.slice(21).map(({ item }) => item))
  })

  it('gives the parts of a partitioned step disjoint rows, and together all', async () => {
    const store = strikes()
    const all = names(await readAll(whole(store)))
    const parts = cassandraPartitions({ parts: 5 })
    expect(parts.map(({ name }) => name)).to.deep.equal(['part1', 'part2', 'part3', 'part4', 'part5'])
    const read = await Promise.all(parts.map(({ value }) => readAll(whole(store, { range: value }))))
    expect(read.flatMap(names)).to.deep.equal(all)
  })

  it('may be read again after a failure, and has lost nothing', async () => {
    const store = strikes()
    const expected = names(await readAll(whole(store)))
    const opened = await open(whole(store, { fetchSize: 2, concurrency: 1 }))
    const items: Row[] = []
    let failures = 0
    store.disturb({ kind: 'refused', every: 3, times: 5 })
    for (;;) {
      try {
        const page = await opened.read(10)
        if (page === undefined) break
        items.push(...page.items)
      } catch (error) {
        expect(isBatchError(error, 'READ_FAILED')).to.equal(true)
        failures += 1
      }
    }
    await opened.close()
    expect(opened.repeatable).to.equal(true)
    expect(failures).to.be.greaterThan(0)
    expect(
      items.map(({ state, day, n }) => `${state as string} ${day as string} ${String(n as bigint | null)}`),
    ).to.deep.equal(expected)
  })

  it('names table, key and column of a row that the schema refuses, and makes it again of its text', async () => {
    const store = strikes()
    const schema = z.object({ state: z.string(), n: z.bigint(), cost: z.string().startsWith('9') })
    const reader = cassandraReader({ client: store.client, table: 'strike', keys: [{ state: 'UT' }], schema })
    const opened = await open(reader as ItemReader<Row>)
    const page = await opened.read(10)
    await opened.close()
    expect(page?.fault?.error.message).to.equal(
      'table test.strike, state UT, day 2026-01-02, n 1: column cost: Invalid string: must start with "9"',
    )
    const lenient = cassandraReader({
      client: store.client,
      table: 'strike',
      keys: [{ state: 'UT' }],
      schema: z.object({ state: z.string(), n: z.bigint(), cost: z.string() }),
    })
    const scope = { signal: new AbortController().signal, logger: SILENT_LOGGER, resources: NO_RESOURCES }
    const parser = await lenient.openParser?.(scope)
    const parsed = await parser?.parse(page?.fault?.raw ?? '', page?.fault?.position ?? {})
    expect(parsed).to.deep.equal({ item: { state: 'UT', n: 1n, cost: '1.50' } })
    const strict = await reader.openParser?.(scope)
    expect(await strict?.parse(page?.fault?.raw ?? '', page?.fault?.position ?? {})).to.have.property('error')
  })

  it('counts ranges or partitions for progress', async () => {
    const store = strikes()
    const keys = ['TX', 'CA', 'AL'].map((state) => ({ state }))
    const opened = await open(whole(store, { keys }))
    expect(opened.progress?.()).to.deep.equal({ done: 0, total: 3, unit: 'partitions' })
    while ((await opened.read(10)) !== undefined);
    expect(opened.progress?.()).to.deep.equal({ done: 3, total: 3, unit: 'partitions' })
    await opened.close()
    const scan = await open(whole(store))
    expect(scan.progress?.()).to.deep.equal({ done: 0, total: 4, unit: 'partitions' })
    await scan.read(5)
    expect(scan.progress?.().done).to.equal(0)
    while ((await scan.read(10)) !== undefined);
    expect(scan.progress?.()).to.deep.equal({ done: 4, total: 4, unit: 'partitions' })
    await scan.close()
  })

  it('keeps its checkpoints small, and free of values that are no key', async () => {
    const [first] = await readAll(whole(strikes()))
    const text = JSON.stringify(first?.checkpoint)
    expect(text.length).to.be.lessThan(300)
    expect(text).not.to.include('bird')
  })

  it('refuses a checkpoint of named partitions for a whole table, and the other way round', async () => {
    const [byKey] = await readAll(whole(strikes(), { keys: [{ state: 'TX' }] }))
    const [byToken] = await readAll(whole(strikes()))
    await refused(
      { table: 'strike' },
      /partitions, their clustering range or the range of tokens are others/,
      byKey?.checkpoint,
    )
    await refused({ table: 'strike', keys: [{ state: 'TX' }] }, /are others/, byToken?.checkpoint)
  })

  it('says what is wrong with its options, naming table and column', async () => {
    const keys = [{ state: 'TX' }]
    await refused({ table: 'strikes' }, /no table test\.strikes\. Did you mean 'strike'\?/)
    await refused({ table: 'tset.strike' }, /no keyspace tset\. Did you mean 'test'\?/)
    await refused({ table: 'a.b.c' }, /not a table name/)
    await refused({ table: 'strike', columns: ['birds'] }, /no column birds\. Did you mean 'bird'\?/)
    await refused({ table: 'strike', columns: ['bird', 'bird'] }, /columns names bird twice/)
    await refused({ table: 'strike', columns: [] }, /columns is empty/)
    await refused({ table: 'strike', fetchSize: 0 }, /fetchSize is 0/)
    await refused(
      { table: 'strike', consistency: 'QUORUM' as 'quorum' },
      /consistency is 'QUORUM'.* There are: any, one,/,
    )
    await refused(
      { table: 'strike', keys: [{ State: 'TX' }] },
      /a key names State; the partition key is \(state\)/,
    )
    await refused({ table: 'strike', keys: [{ state: 7 }] }, /state: text takes a string/)
    await refused(
      { table: 'strike', keys, clustering: { equals: { n: 1n } } },
      /must name the first of the clustering columns \(day, n\)/,
    )
    await refused({ table: 'strike', keys, clustering: { from: { n: 1n } } }, /it must name day/)
    await refused(
      { table: 'strike', keys, clustering: { from: { day: '2026-02-30' } } },
      /day: date takes text/,
    )
    await refused({ table: 'strike', clustering: { from: { day: '2026-01-01' } } }, /name them with 'keys'/)
    await refused({ table: 'strike', range: { after: 5n, upTo: 5n } }, /holds no token/)
  })

  it('is closed while it waits for a server that is away', async () => {
    const store = strikes()
    const opened = await open(whole(store))
    store.disturb({ kind: 'away', times: 1_000 })
    const pending = opened.read(10).then(
      () => 'read',
      () => 'ended',
    )
    await opened.close()
    expect(await pending).to.equal('ended')
  })
})
