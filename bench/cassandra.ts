/**
 * Cassandra beside a loop of one's own on the bare driver, in alternating rounds: a full scan into a writer that does nothing, and a
 * load from an array. Goal: at least 0.8 of the loop's speed.
 * `npm run services -- --commitlog-sync periodic npm run bench -- cassandra [rows]`; 200,000 rows by default.
 */
import { createBatch, defineJob, memoryRepository } from 'batchwright'
import { cassandra } from 'batchwright/cassandra'
import { cassandraReader } from 'batchwright/readers/cassandra'
import { iterableReader } from 'batchwright/readers/iterable'
import { cassandraWriter } from 'batchwright/writers/cassandra'
import cassandraDriver from 'cassandra-driver'
import { z } from 'zod'

const ROUNDS = 5
const CONCURRENCY = 128
const SCAN_CONCURRENCY = 4
const FETCH_SIZE = 2_000
const KEYSPACE = 'batchwright_bench'

interface Reading {
  readonly id: string
  readonly day: number
  readonly station: string
  readonly value: number
  readonly note: string
}

export async function benchCassandra(rows: number): Promise<void> {
  const contactPoints = process.env['CASSANDRA_CONTACT_POINTS']?.split(',')
  if (contactPoints === undefined) {
    console.log(
      '\ncassandra: not run, for CASSANDRA_CONTACT_POINTS names no server: npm run services -- --commitlog-sync periodic npm run bench -- cassandra',
    )
    return
  }
  const localDataCenter = process.env['CASSANDRA_LOCAL_DATA_CENTER'] ?? 'datacenter1'
  const connect = async (): Promise<cassandraDriver.Client> => {
    const client = new cassandraDriver.Client({ contactPoints, localDataCenter })
    await client.connect()
    return client
  }
  /** A job connects too. */
  const withDriver = async (work: (own: cassandraDriver.Client) => Promise<void>): Promise<void> => {
    const own = await connect()
    try {
      await work(own)
    } finally {
      await own.shutdown()
    }
  }
  const driver = await connect()
  try {
    await createTable(driver)
    console.log(`\nCassandra, ${rows.toLocaleString('en-US')} rows, the best of ${ROUNDS} alternating rounds`)
    const client = cassandra({ contactPoints, localDataCenter, keyspace: KEYSPACE })
    const items = Array.from({ length: rows }, (_, index) => readingOf(index))
    await compare('load', rows, {
      bare: () => withDriver((own) => loadBare(own, items)),
      ours: () => runJob(loadJob(client, items)),
    })
    await compare('scan', rows, {
      bare: () => withDriver((own) => scanBare(own, rows)),
      ours: () => runJob(scanJob(client)),
    })
  } finally {
    await driver.execute(`drop keyspace if exists ${KEYSPACE}`)
    await driver.shutdown()
  }
}

async function createTable(driver: cassandraDriver.Client): Promise<void> {
  await driver.execute(`drop keyspace if exists ${KEYSPACE}`)
  await driver.execute(
    `create keyspace ${KEYSPACE} with replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
  )
  await driver.execute(
    `create table ${KEYSPACE}.reading (id text, day int, station text, value double, note text, primary key (id, day))`,
  )
}

function readingOf(index: number): Reading {
  return {
    id: `sensor ${index % 20_000}`,
    day: Math.floor(index / 20_000),
    station: `station ${index % 97}`,
    value: index / 7,
    note: 'a note of some forty characters, as they are',
  }
}

interface Ways {
  readonly bare: () => Promise<unknown>
  readonly ours: () => Promise<unknown>
}

async function compare(what: string, rows: number, { bare, ours }: Ways): Promise<void> {
  await bare()
  await ours()
  const times: { readonly bare: number[]; readonly ours: number[] } = { bare: [], ours: [] }
  for (let round = 0; round < ROUNDS; round += 1) {
    times.bare.push(await secondsOf(bare))
    times.ours.push(await secondsOf(ours))
  }
  const [bareBest, oursBest] = [Math.min(...times.bare), Math.min(...times.ours)]
  const ratios = times.ours.map((seconds, round) => (times.bare[round] ?? 0) / seconds)
  const speed = (seconds: number): string => `${Math.round(rows / seconds).toLocaleString('en-US')} rows/s`
  console.log(
    `  ${what}: bare driver ${speed(bareBest)}, batchwright ${speed(oursBest)}, ratio ${(bareBest / oursBest).toFixed(2)}` +
      ` (median of the rounds ${median(ratios).toFixed(2)})`,
  )
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1000
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** As many requests under way as ours has at most, each the next item as soon as one is answered. */
async function loadBare(driver: cassandraDriver.Client, items: readonly Reading[]): Promise<void> {
  const insert = `insert into ${KEYSPACE}.reading (id, day, station, value, note) values (?, ?, ?, ?, ?)`
  const options = {
    prepare: true,
    isIdempotent: true,
    consistency: cassandraDriver.types.consistencies.localQuorum,
  }
  let next = 0
  const work = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) {
      await driver.execute(insert, [item.id, item.day, item.station, item.value, item.note], options)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
}

/** As many ranges side by side as ours, in no order, and the rows thrown away. */
async function scanBare(driver: cassandraDriver.Client, rows: number): Promise<void> {
  const ranges = [...driver.metadata.getTokenRanges()]
    .flatMap((range) => range.splitEvenly(4))
    .flatMap((range) => range.unwrap())
  let count = 0
  let next = 0
  const work = async (): Promise<void> => {
    for (let range = ranges[next++]; range !== undefined; range = ranges[next++]) {
      const found = await scanRange(driver, range)
      count += found
    }
  }
  await Promise.all(Array.from({ length: SCAN_CONCURRENCY }, work))
  if (count !== rows) throw new Error(`the bare driver has read ${count} of ${rows} rows`)
}

/** The driver's declarations leave out that a token has a text. */
function tokenText(token: unknown): string {
  return (token as { readonly toString: () => string }).toString()
}

async function scanRange(
  driver: cassandraDriver.Client,
  range: cassandraDriver.token.TokenRange,
): Promise<number> {
  const lowest = '-9223372036854775808'
  const bounds = [
    { sign: '>', token: tokenText(range.start) },
    { sign: '<=', token: tokenText(range.end) },
  ].filter(({ token }) => token !== lowest)
  const where = bounds.map(({ sign }) => `token(id) ${sign} ?`).join(' and ')
  const text = `select id, day, station, value, note from ${KEYSPACE}.reading${where === '' ? '' : ` where ${where}`}`
  let count = 0
  let pageState: string | undefined
  do {
    const result = await driver.execute(
      text,
      bounds.map(({ token }) => cassandraDriver.types.Long.fromString(token)),
      {
        prepare: true,
        isIdempotent: true,
        fetchSize: FETCH_SIZE,
        consistency: cassandraDriver.types.consistencies.localQuorum,
        ...(pageState !== undefined && { pageState }),
      },
    )
    count += result.rowLength
    pageState = result.pageState ?? undefined
  } while (pageState !== undefined)
  return count
}

type Client = ReturnType<typeof cassandra>

function loadJob(client: Client, items: readonly Reading[]) {
  return defineJob({
    name: 'load',
    parameters: z.object({ round: z.int() }),
    steps: (step) => ({
      load: step.chunk(
        { size: 5_000 },
        {
          reader: iterableReader(() => items),
          writer: cassandraWriter({
            client,
            table: 'reading',
            columns: ['id', 'day', 'station', 'value', 'note'],
            concurrency: CONCURRENCY,
          }),
        },
      ),
    }),
  })
}

function scanJob(client: Client) {
  const writer = {
    kind: 'nothing',
    description: 'nothing',
    guarantee: 'idempotent' as const,
    open: async () => ({ write: async () => {}, close: async () => {} }),
  }
  const reader = cassandraReader({
    client,
    table: 'reading',
    fetchSize: FETCH_SIZE,
    concurrency: SCAN_CONCURRENCY,
  })
  return defineJob({
    name: 'scan',
    parameters: z.object({ round: z.int() }),
    steps: (step) => ({ scan: step.chunk({ size: 2_000 }, { reader, writer }) }),
  })
}

type BenchJob = ReturnType<typeof loadJob> | ReturnType<typeof scanJob>

async function runJob(job: BenchJob): Promise<void> {
  const batch = createBatch({ repository: memoryRepository(), jobs: [job] })
  const started = await batch.operator.start(job as ReturnType<typeof loadJob>, { round: 1 })
  const { execution } = await started.ended
  if (execution.status !== 'COMPLETED') throw new Error(`the job ended as ${execution.status}`)
}
