/**
 * What the framework itself costs: a chunk on the in-memory repository (goal: at most 30 µs), a launch on repositories with
 * 0, 1,000 and 10,000 earlier executions (goal: flat, at most 5 ms), and the way from process start to the first chunk
 * (goal: at most 0.8 s on a running Postgres).
 */
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBatch, defineJob, memoryRepository } from 'batchwright'
import { iterableReader } from 'batchwright/readers/iterable'
import { startEmbeddedPostgres } from 'batchwright/repository/embedded'
import { migrateRepository, postgresRepository } from 'batchwright/repository/postgres'
import { Client, type ClientConfig } from 'pg'
import { z } from 'zod'

const CHUNKS = 20_000
const LAUNCHES = 200

export async function benchOverhead(): Promise<void> {
  console.log('\nWhat the framework costs')
  console.log(`  a chunk on the in-memory repository: ${(await chunkMicroseconds()).toFixed(1)} µs`)
  await using server = await startEmbeddedPostgres({
    directory: join(tmpdir(), 'batchwright-bench', 'postgres'),
  })
  for (const earlier of [0, 1_000, 10_000]) {
    const { launch, run } = await launchCost(server.connection, earlier)
    const history = `${earlier.toLocaleString('en-US').padStart(6)} earlier executions`
    console.log(
      `  with ${history}: a launch ${launch.toFixed(2)} ms, the whole run of a trivial job ${run.toFixed(2)} ms`,
    )
  }
  await migrateRepository({ connection: server.connection })
  console.log(
    `  from process start to the end of the first chunk: ${firstChunkSeconds(server.connection).toFixed(2)} s`,
  )
}

async function chunkMicroseconds(): Promise<number> {
  const items = Array.from({ length: CHUNKS }, (_, index) => index)
  const sink = { write: async () => {}, close: async () => {} }
  const writer = {
    kind: 'nothing',
    description: 'nothing',
    guarantee: 'idempotent' as const,
    open: async () => sink,
  }
  const job = defineJob({
    name: 'chunks',
    parameters: z.object({ round: z.int() }),
    steps: (step) => ({ load: step.chunk({ size: 1 }, { reader: iterableReader(() => items), writer }) }),
  })
  const batch = createBatch({ repository: memoryRepository(), jobs: [job] })
  const times: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const begun = performance.now()
    await (
      await batch.operator.start(job, { round })
    ).ended
    times.push((performance.now() - begun) * 1000)
  }
  return Math.min(...times) / CHUNKS
}

async function launchCost(
  connection: ClientConfig,
  earlier: number,
): Promise<{ readonly launch: number; readonly run: number }> {
  const schema = `bench_${earlier}`
  await recreateSchema(connection, schema)
  await migrateRepository({ connection, schema })
  await fillHistory(connection, schema, earlier)
  const job = defineJob({
    name: 'trivial',
    parameters: z.object({ round: z.int() }),
    steps: (step) => ({ only: step.tasklet(() => 'done') }),
  })
  await using batch = createBatch({
    repository: await postgresRepository({ connection, schema }),
    jobs: [job],
  })
  const launches: number[] = []
  const runs: number[] = []
  for (let round = 0; round < LAUNCHES; round += 1) {
    const begun = performance.now()
    const started = await batch.operator.start(job, { round })
    launches.push(performance.now() - begun)
    await started.ended
    runs.push(performance.now() - begun)
  }
  return { launch: median(launches), run: median(runs) }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

async function recreateSchema(connection: ClientConfig, schema: string): Promise<void> {
  await withClient(connection, (client) => client.query(`drop schema if exists ${schema} cascade`))
}

/** Instances of the same job, each with one execution, as a year of nights leaves them. */
async function fillHistory(connection: ClientConfig, schema: string, earlier: number): Promise<void> {
  await withClient(connection, async (client) => {
    await client.query(`set search_path = ${schema}`)
    await client.query(
      `insert into batch_job_instance (job_instance_id, version, job_name, job_key)
       select nextval('batch_job_instance_seq'), 0, 'trivial', md5('old' || n) from generate_series(1, $1::int) as n`,
      [earlier],
    )
    await client.query(
      `insert into batch_job_execution (job_execution_id, version, job_instance_id, create_time, start_time, end_time, status, exit_code, exit_message, last_updated)
       select nextval('batch_job_execution_seq'), 2, job_instance_id, now(), now(), now(), 'COMPLETED', 'COMPLETED', '', now() from batch_job_instance`,
    )
    await client.query('analyze')
  })
}

async function withClient(
  connection: ClientConfig,
  work: (client: Client) => Promise<unknown>,
): Promise<void> {
  const client = new Client(connection)
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

/** The command line on a TypeScript job file, as a scheduler starts it. */
function firstChunkSeconds(connection: {
  host?: string | undefined
  port?: number | undefined
  user?: string | undefined
  database?: string | undefined
}): number {
  const { host = '', port = 0, user = '', database = '' } = connection
  const url = `postgres://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
  const times: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const begun = performance.now()
    const child = spawnSync(
      process.execPath,
      ['dist/src/cli/bin.js', 'run', 'hello', `name=bench ${Date.now()}`],
      {
        env: { ...process.env, DATABASE_URL: url },
        encoding: 'utf8',
      },
    )
    if (child.status !== 0) throw new Error(`the command failed:\n${child.stderr}`)
    times.push((performance.now() - begun) / 1000)
  }
  return Math.min(...times)
}
