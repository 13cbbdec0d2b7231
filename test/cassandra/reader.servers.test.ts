import { expect } from 'chai'
import { z } from 'zod'
import { cassandraPartitions } from '../../src/cassandra/index.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import type { Checkpoint } from '../../src/core/model/json-value.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import { cassandraReader, type CassandraReaderOptions } from '../../src/readers/cassandra.ts'
import { itemReaderContract } from '../../src/testing/contracts/item-reader.ts'
import { NO_RESOURCES, SILENT_LOGGER, stored } from '../../src/testing/contracts/scope.ts'
import { everyKillPoint, memoryTable } from '../../src/testing/index.ts'
import { type TestKeyspace, testKeyspace } from './test-keyspace.ts'
import { describeWithCassandra } from '../servers/describe-with-servers.ts'

type Row = Readonly<Record<string, unknown>>

const PARTITIONS = 2_000
const WIDE = 5_000

describeWithCassandra('cassandraReader on a server', (address) => {
  let keyspace: TestKeyspace

  before(async () => {
    keyspace = await testKeyspace(address)
    const { run } = keyspace
    await run('create table small (id int, n int, v decimal, primary key (id, n))')
    await run('create table scan (id int, n int, v text, primary key (id, n))')
    await run(
      'create table wide (id text, a int, b int, primary key (id, a, b)) with clustering order by (a desc, b asc)',
    )
    await run('create table holes (id int, n int, primary key (id, n))')
    for (let n = 0; n < 30; n += 1)
      await run('insert into small (id, n, v) values (?, ?, ?)', [n % 7, n, `${n}.50`])
    await inParallel(PARTITIONS * 3, (n) =>
      run('insert into scan (id, n, v) values (?, ?, ?)', [n % PARTITIONS, n, `value ${n}`]),
    )
    await inParallel(WIDE, (n) => run('insert into wide (id, a, b) values (?, ?, ?)', ['x', n % 50, n]))
    await inParallel(2_000, (n) => run('insert into holes (id, n) values (?, ?)', [n % 10, n]))
    await inParallel(2_000, async (n) => {
      if (n % 100 !== 99) await run('delete from holes where id = ? and n = ?', [n % 10, n])
    })
  })
  after(() => keyspace.drop())

  const reader = (table: string, options: Partial<CassandraReaderOptions<Row>> = {}): ItemReader<Row> =>
    cassandraReader<Row>({ client: keyspace.client, table, ...options } as CassandraReaderOptions<Row>)

  const readAll = async (
    one: ItemReader<Row>,
    from?: Checkpoint,
    most = Infinity,
  ): Promise<{ readonly items: readonly Row[]; readonly checkpoint: Checkpoint | undefined }> => {
    const opened = await one.open({
      from: from === undefined ? undefined : stored(from),
      signal: new AbortController().signal,
      logger: SILENT_LOGGER,
      resources: NO_RESOURCES,
    })
    const items: Row[] = []
    let checkpoint: Checkpoint | undefined
    try {
      while (items.length < most) {
        const page = await opened.read(Math.min(500, most - items.length))
        if (page === undefined) break
        items.push(...page.items)
        checkpoint = page.checkpointAfter(page.items.length - 1)
      }
    } finally {
      await opened.close()
    }
    return { items, checkpoint }
  }

  describe('of a whole table', () => {
    const cases = itemReaderContract<Row>({
      reader: () => reader('small', { fetchSize: 4 }),
      faulty: () =>
        reader('small', { fetchSize: 4, schema: z.looseObject({ n: z.int().refine((n) => n % 9 !== 4) }) }),
      replaced: () => reader('small', { columns: ['v'] }),
    })
    for (const { promise, check } of cases) it(promise, check)
  })

  describe('of partitions', () => {
    const cases = itemReaderContract<Row>({
      reader: () => reader('small', { fetchSize: 2, keys: [5, 99, 0, 3].map((id) => ({ id })) } as never),
      replaced: () => reader('small', { keys: [5, 99, 0, 4].map((id) => ({ id })) } as never),
    })
    for (const { promise, check } of cases) it(promise, check)
  })

  it('gives every row of thousands of partitions once, whatever page and concurrency are', async () => {
    for (const [fetchSize, concurrency] of [
      [50, 1],
      [333, 8],
      [10_000, 4],
    ] as const) {
      const { items } = await readAll(reader('scan', { fetchSize, concurrency }))
      expect(items).to.have.lengthOf(PARTITIONS * 3)
      expect(new Set(items.map(({ n }) => n))).to.have.lengthOf(PARTITIONS * 3)
    }
  })

  it('gives all of it in the same order when it is begun again every thousand rows', async () => {
    const { items } = await readAll(reader('scan'))
    const pieces: Row[] = []
    let from: Checkpoint | undefined
    for (;;) {
      const piece = await readAll(reader('scan', { fetchSize: 70 }), from, 700)
      if (piece.items.length === 0) break
      pieces.push(...piece.items)
      from = piece.checkpoint
    }
    expect(pieces).to.deep.equal(items)
  })

  it('goes on exactly in the middle of a wide partition with mixed directions', async () => {
    const { items } = await readAll(reader('wide', { fetchSize: 300 }))
    expect(items).to.have.lengthOf(WIDE)
    const { rows } = await keyspace.driver.execute('select id, a, b from wide', [], { fetchSize: 10_000 })
    expect(items.map(({ a, b }) => [a, b])).to.deep.equal(
      rows.map((row) => [row['a'] as number, row['b'] as number]),
    )
    for (const most of [1, 99, 100, 101, 2_549, 4_999]) {
      const { checkpoint } = await readAll(reader('wide', { fetchSize: 300 }), undefined, most)
      const rest = await readAll(reader('wide', { fetchSize: 300 }), checkpoint)
      expect(rest.items, `behind row ${most}`).to.deep.equal(items.slice(most))
    }
  })

  it('reads partitions within clustering bounds', async () => {
    const keys = [{ id: 'x' }]
    const bounded = await readAll(
      reader('wide', { keys, clustering: { equals: { a: 7 }, after: { b: 57 }, to: { b: 207 } } } as never),
    )
    expect(bounded.items.map(({ b }) => b)).to.deep.equal([107, 157, 207])
    const outer = await readAll(
      reader('wide', { keys, clustering: { from: { a: 48 } }, columns: ['a'] } as never),
    )
    expect(outer.items).to.have.lengthOf(200)
    expect(outer.items[0]).to.deep.equal({ a: 49 })
  })

  it('passes over what was deleted', async () => {
    for (const fetchSize of [3, 100]) {
      const { items } = await readAll(reader('holes', { fetchSize }))
      expect(items.map(({ n }) => n as number).toSorted((one, other) => one - other)).to.deep.equal(
        Array.from({ length: 20 }, (_, n) => n * 100 + 99),
      )
    }
  })

  it('refuses a timestamp that no Date can be, behind which a restart would lose rows', async () => {
    await keyspace.run('create table far (id int, at timestamp, primary key (id, at))')
    for (const at of ['0', '9223372036854775807'])
      await keyspace.run(`insert into far (id, at) values (1, ${at})`)
    const error = await readAll(reader('far')).catch((thrown: unknown) => thrown)
    expect(String(error)).to.match(
      /reading cassandra table far failed: column at: a timestamp is earlier or later/,
    )
  })

  it('gives the parts of a partitioned step all rows together, each once', async () => {
    const parts = cassandraPartitions({ parts: 7 })
    const read = await Promise.all(
      parts.map(({ value }) => readAll(reader('scan', { range: value } as never))),
    )
    const all = read.flatMap(({ items }) => items.map(({ n }) => n))
    expect(all).to.have.lengthOf(PARTITIONS * 3)
    expect(new Set(all)).to.have.lengthOf(PARTITIONS * 3)
  })

  it('fills a table exactly once whatever kills the job', async () => {
    const table = memoryTable<{ id: number; n: number }>({ key: ({ n }) => n })
    const job = defineJob({
      name: 'copy',
      parameters: z.object({}),
      steps: (step) => ({
        copy: step.chunk(
          { size: 5 },
          {
            reader: cassandraReader<{ id: number; n: number }>({
              client: keyspace.client,
              table: 'small',
              columns: ['id', 'n'],
              fetchSize: 4,
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
      sample: 20,
    })
    expect(table.rows()).to.have.lengthOf(30)
  })
})

async function inParallel(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await work(n)
  }
  await Promise.all(Array.from({ length: 64 }, worker))
}
