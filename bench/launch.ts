/**
 * A trivial job launched over HTTP, and run to its end, beside pg-boss's send and work on the same database: so many in a second,
 * and the time from the request, or the send, to the first step, or the worker's function. Goals: half of what the operator does
 * without HTTP, and a first step within 100 ms (p95).
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedPostgres } from 'batchwright/repository/embedded'
import { migrateRepository } from 'batchwright/repository/postgres'
import { Client, type PoolConfig } from 'pg'
import PgBoss from 'pg-boss'
import { type Launcher, mountedHandler, operatorAlone, type Place, serverProcesses } from './launch/server.ts'

const CALLERS = 4
const ASK_AGAIN_MILLISECONDS = 2
const SCHEMA = 'bench_launch'
const QUEUE = 'trivial'
/** pg-boss's smallest. */
const POLLING_SECONDS = 0.5
const BATCH = 100

interface Measured {
  readonly perSecond: number
  /** In milliseconds, from the request to the first step. */
  readonly latencies: readonly number[]
}

export async function benchLaunch(launches: number): Promise<void> {
  console.log(`\nLaunches of a trivial job over HTTP, ${launches}, by ${CALLERS} callers at once`)
  await using server = await startEmbeddedPostgres({
    directory: join(tmpdir(), 'batchwright-bench', 'postgres'),
  })
  const { connection } = server
  const place = { connection, schema: SCHEMA }
  const boss = await pgBoss(connection, launches)
  const alone = await measured(place, launches, operatorAlone)
  report('pg-boss, send and work', boss)
  report('the operator, no HTTP', alone, [boss, alone])
  report('batchwright serve', await measured(place, launches, serverProcesses), [boss, alone])
  report('the handler, mounted', await measured(place, launches, mountedHandler), [boss, alone])
}

function report(
  title: string,
  { perSecond, latencies }: Measured,
  beside?: readonly [Measured, Measured],
): void {
  const [boss, alone] = (beside ?? []).map((one) => (perSecond / one.perSecond).toFixed(2))
  const ratios = beside === undefined ? '' : `, ${boss} of pg-boss, ${alone} of the operator`
  const [half, most] = [quantile(latencies, 0.5), quantile(latencies, 0.95)]
  console.log(
    `  ${title.padEnd(22)} ${perSecond.toFixed(0).padStart(4)} a second${ratios}; to the first step p50 ${half} ms, p95 ${most} ms`,
  )
}

function quantile(values: readonly number[], share: number): string {
  const sorted = values.toSorted((one, other) => one - other)
  return (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(0)
}

type Open = (place: Place, concurrency: number) => Promise<Launcher>

async function measured(place: Place, launches: number, open: Open): Promise<Measured> {
  await recreate(place.connection, place.schema)
  await migrateRepository(place)
  await using launcher = await open(place, CALLERS)
  // Until each process of the pool has loaded the job.
  await fromCallers(10 * CALLERS, (index) => launch(launcher, `warm ${index}`))
  const begun = Date.now()
  const asked = new Map(await fromCallers(launches, (index) => launch(launcher, `round ${index}`)))
  const executions = await endedExecutions(place, [...asked.keys()])
  const ended = Math.max(...executions.map(({ endedAt }) => endedAt))
  return {
    perSecond: (1000 * launches) / (ended - begun),
    latencies: executions.map(({ id, firstStepAt }) => firstStepAt - (asked.get(id) ?? Number.NaN)),
  }
}

async function fromCallers<A>(count: number, call: (index: number) => Promise<A>): Promise<readonly A[]> {
  const answers: A[] = []
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < count) {
      next += 1
      answers.push(await call(next))
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  return answers
}

/** Answers the execution's id, and when it was asked for. As long as there is no room it asks again. */
async function launch(launcher: Launcher, round: string): Promise<readonly [id: string, asked: number]> {
  for (;;) {
    const asked = Date.now()
    const id = await launcher.launch(round)
    if (id !== undefined) return [id, asked]
    await sleep(ASK_AGAIN_MILLISECONDS)
  }
}

interface EndedExecution {
  readonly id: string
  readonly firstStepAt: number
  readonly endedAt: number
}

/** Waits until all have completed. */
async function endedExecutions(
  { connection, schema }: Place,
  ids: readonly string[],
): Promise<readonly EndedExecution[]> {
  const query = `
    select job_execution_id::text as id, execution.end_time as "endedAt", min(step.start_time) as "firstStepAt"
    from ${schema}.batch_job_execution execution join ${schema}.batch_step_execution step using (job_execution_id)
    where job_execution_id = any ($1::bigint[]) and execution.status = 'COMPLETED'
    group by 1, 2`
  return withClient(connection, async (client) => {
    for (;;) {
      const { rows } = await client.query<Record<'id' | 'endedAt' | 'firstStepAt', string>>(query, [ids])
      if (rows.length === ids.length)
        return rows.map(({ id, endedAt, firstStepAt }) => ({
          id,
          endedAt: Date.parse(`${endedAt}Z`),
          firstStepAt: Date.parse(`${firstStepAt}Z`),
        }))
      await sleep(ASK_AGAIN_MILLISECONDS)
    }
  })
}

async function pgBoss(connection: PoolConfig, jobs: number): Promise<Measured> {
  const schema = `${SCHEMA}_boss`
  await recreate(connection, schema)
  const { host = '', port = 0, user = '', database = '' } = connection
  const boss = new PgBoss({ host, port, user, database, schema, max: 2 * CALLERS + 2 })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  await boss.createQueue(QUEUE)
  const latencies: number[] = []
  let done = (): void => {}
  const all = new Promise<void>((resolve) => (done = resolve))
  const options = { batchSize: BATCH, pollingIntervalSeconds: POLLING_SECONDS }
  for (let worker = 0; worker < CALLERS; worker += 1)
    await boss.work<{ readonly sent: number }>(QUEUE, options, async (batch) => {
      latencies.push(...batch.map(({ data }) => Date.now() - data.sent))
      if (latencies.length >= jobs) done()
    })
  const begun = performance.now()
  await fromCallers(jobs, async () => {
    await boss.send(QUEUE, { sent: Date.now() })
    return 0
  })
  await all
  const perSecond = (1000 * jobs) / (performance.now() - begun)
  await boss.stop({ graceful: true })
  return { perSecond, latencies }
}

async function recreate(connection: PoolConfig, schema: string): Promise<void> {
  await withClient(connection, async (client) => {
    await client.query(`drop schema if exists ${schema} cascade`)
    await client.query(`create schema ${schema}`)
  })
}

async function withClient<R>(connection: PoolConfig, work: (client: Client) => Promise<R>): Promise<R> {
  const client = new Client({ ...connection, types: { getTypeParser: () => String } })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
