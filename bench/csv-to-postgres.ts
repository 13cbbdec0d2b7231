/**
 * CSV → Postgres: ours beside what a user would do otherwise, and beside the limits, in one run on one database.
 * `npm run bench csv-to-postgres [-- rows …]`; 1 M and 3 M rows by default. Absolute numbers belong to the machine; the
 * ratios carry over.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { startEmbeddedPostgres } from 'batchwright/repository/embedded'
import { migrateRepository } from 'batchwright/repository/postgres'
import type { Load, Measured } from './contenders/contender.ts'
import { CREATE_TABLE, tradeFile } from './trade-file.ts'

const ROUNDS = 3
/** Slow ones load a part of the file: their speed does not depend on its length. */
const SLOW_ROWS = 100_000
const CHUNKS = [1000, 2000]

export async function benchCsvToPostgres(rowCounts: readonly number[]): Promise<void> {
  const folder = join(tmpdir(), 'batchwright-bench')
  await using server = await startEmbeddedPostgres({ directory: join(folder, 'postgres') })
  await migrateRepository({ connection: server.connection })
  const small = await tradeFile(join(folder, `trades-${SLOW_ROWS}.csv`), SLOW_ROWS)
  for (const rows of rowCounts) {
    const file = await tradeFile(join(folder, `trades-${rows}.csv`), rows)
    await compare(rows, file, small, server.connection)
  }
}

type Connection = Load['connection']

async function compare(rows: number, file: string, small: string, connection: Connection): Promise<void> {
  const ways: Record<string, () => Measured> = {
    ...(hasPsql() ? { 'psql \\copy': () => psqlCopy(file, rows, connection) } : {}),
    'raw bytes into COPY': () => contend('raw bytes into COPY', { file, connection, chunkSize: 0 }),
    ...Object.fromEntries(
      CHUNKS.map((chunkSize) => [
        `batchwright, chunks of ${chunkSize}`,
        () => contend('batchwright', { file, connection, chunkSize }),
      ]),
    ),
    'hand-written COPY loop, 1000': () =>
      contend('hand-written COPY loop', { file: small, connection, chunkSize: 1000 }),
    'TypeORM insert, 1000': () => contend('TypeORM insert', { file: small, connection, chunkSize: 1000 }),
  }
  const results = new Map<string, Measured[]>(Object.keys(ways).map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, run] of Object.entries(ways)) {
      await emptyTable(connection)
      results.get(name)?.push(run())
    }
  }
  report(rows, results)
}

function contend(name: string, load: Load): Measured {
  const script = new URL('./contenders/contender.js', import.meta.url)
  const child = spawnSync(process.execPath, [script.pathname, name, JSON.stringify(load)], {
    encoding: 'utf8',
  })
  if (child.status !== 0) throw new Error(`${name} failed:\n${child.stderr}`)
  return JSON.parse(child.stdout) as Measured
}

function psqlCopy(file: string, rows: number, { host, port, user, database }: Connection): Measured {
  const begun = performance.now()
  const command = `\\copy bench_trade from '${file}' with (format csv, header)`
  execFileSync('psql', ['-h', host, '-p', String(port), '-U', user, '-d', database, '-qc', command])
  return {
    rows,
    seconds: (performance.now() - begun) / 1000,
    peakMegabytes: Number.NaN,
    cpuSeconds: Number.NaN,
  }
}

function hasPsql(): boolean {
  return spawnSync('psql', ['--version']).status === 0
}

async function emptyTable(connection: Connection): Promise<void> {
  const client = new Client(connection)
  await client.connect()
  await client.query('drop table if exists bench_trade')
  await client.query(CREATE_TABLE)
  await client.query('checkpoint')
  await client.end()
}

function report(rows: number, results: ReadonlyMap<string, readonly Measured[]>): void {
  const limit = rateOf(results.get('psql \\copy') ?? results.get('raw bytes into COPY') ?? [])
  console.log(`\n${rows.toLocaleString('en-US')} rows, medians of ${ROUNDS} rounds`)
  console.log(
    `${'way'.padEnd(32)} ${'rows/s'.padStart(10)} ${'of limit'.padStart(9)} ${'peak MB'.padStart(8)} ${'CPU s'.padStart(7)}`,
  )
  for (const [name, measured] of results) {
    const rate = rateOf(measured)
    const peak = median(measured.map((one) => one.peakMegabytes))
    const cpu = median(measured.map((one) => one.cpuSeconds))
    console.log(
      `${name.padEnd(32)} ${Math.round(rate).toLocaleString('en-US').padStart(10)} ${(rate / limit).toFixed(2).padStart(9)} ${shown(peak).padStart(8)} ${shown(cpu).padStart(7)}`,
    )
  }
}

const shown = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(1))
const rateOf = (measured: readonly Measured[]) => median(measured.map(({ rows, seconds }) => rows / seconds))

function median(values: readonly number[]): number {
  const ordered = values.toSorted((one, other) => one - other)
  return ordered[Math.floor(ordered.length / 2)] ?? Number.NaN
}
