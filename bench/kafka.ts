/**
 * Kafka → Postgres and Postgres → Kafka: ours beside a loop over the bare drivers, in one run on one broker and one database.
 * `npm run services -- npm run bench -- kafka [records]`; 500,000 records by default. Goal: at least 0.8 of the bare loop.
 */
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafka } from 'batchwright/kafka'
import { startEmbeddedPostgres } from 'batchwright/repository/embedded'
import { migrateRepository } from 'batchwright/repository/postgres'
import { Client } from 'pg'
import type { Transfer } from './kafka/trade.ts'

const ROUNDS = 3
const CHUNK = 1000
const PARTITIONS = 4

/** Ours and the bare loop that it is compared with. */
const PAIRS: Readonly<Record<string, readonly [ours: string, bare: string]>> = {
  'Kafka → Postgres': ['kafka-to-postgres', 'bare-kafka-to-postgres'],
  'Postgres → Kafka': ['postgres-to-kafka', 'bare-postgres-to-kafka'],
  'Kafka → Kafka, transactions': ['kafka-to-kafka', 'bare-kafka-to-kafka'],
}

export async function benchKafka(records: number): Promise<void> {
  const brokers = process.env['KAFKA_BROKERS']
  if (brokers === undefined) {
    console.log(
      '\nkafka: not run, for KAFKA_BROKERS names no broker: npm run services -- npm run bench -- kafka',
    )
    return
  }
  const client = kafka({ brokers })
  await using server = await startEmbeddedPostgres({
    directory: join(tmpdir(), 'batchwright-bench', 'postgres'),
  })
  const { connection } = server
  await migrateRepository({ connection })
  const run = `bench-${process.pid}`
  const source = { topic: `${run}-source`, table: 'bench_trade_source' }
  await client.ensureTopic(source.topic, { partitions: PARTITIONS })
  await query(connection, fillSource(source.table, records))
  const transfer = { brokers, connection, records, chunkSize: CHUNK, source }
  contend('bare-postgres-to-kafka', { ...transfer, target: { topic: source.topic, table: '' } })
  for (const [title, [ours, bare]] of Object.entries(PAIRS)) {
    const rates = new Map<string, number[]>([
      [ours, []],
      [bare, []],
    ])
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const way of round % 2 === 0 ? [ours, bare] : [bare, ours]) {
        const target = { topic: `${run}-${way}-${round}`, table: 'bench_trade_target' }
        await client.ensureTopic(target.topic, { partitions: PARTITIONS })
        await query(connection, emptyTarget(target.table))
        rates.get(way)?.push(records / contend(way, { ...transfer, target }))
      }
    }
    report(title, median(rates.get(ours) ?? []), median(rates.get(bare) ?? []))
  }
}

/** Seconds, measured inside the way's own process. */
function contend(way: string, transfer: Transfer): number {
  const script = new URL('./kafka/transfer.js', import.meta.url)
  const child = spawnSync(process.execPath, [script.pathname, way, JSON.stringify(transfer)], {
    encoding: 'utf8',
  })
  if (child.status !== 0) throw new Error(`${way} failed:\n${child.stderr}`)
  return Number(child.stdout)
}

function fillSource(table: string, records: number): string {
  return `drop table if exists ${table};
    create table ${table} (id integer primary key, isin text, trader text, quantity integer, price float8, note text);
    insert into ${table} select n, 'IE' || lpad((n % 5000)::text, 10, '0'), 'trader ' || n % 100, n % 900, n / 7.0, repeat('x', n % 60)
      from generate_series(1, ${records}) n;
    vacuum analyze ${table};`
}

function emptyTarget(table: string): string {
  return `drop table if exists ${table};
    create table ${table} (id integer primary key, isin text, trader text, quantity integer, price float8, note text);`
}

async function query(connection: Transfer['connection'], sql: string): Promise<void> {
  const client = new Client(connection)
  await client.connect()
  for (const statement of sql.split(';').filter((one) => one.trim() !== '')) await client.query(statement)
  await client.end()
}

function report(title: string, ours: number, bare: number): void {
  const rate = (value: number) => Math.round(value).toLocaleString('en-US').padStart(9)
  console.log(
    `${title.padEnd(28)} ${rate(ours)} records/s, bare loop ${rate(bare)}, ratio ${(ours / bare).toFixed(2)}`,
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}
