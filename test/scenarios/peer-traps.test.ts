/**
 * The ten traps that a TypeScript peer fell into when it was probed, A to P, as what holds here. Each on Postgres, since
 * that is where people trust a batch framework with their data.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { type AnyJob, type Batch, createBatch } from '../../src/create-batch.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import type { SkipPolicy } from '../../src/core/definition/fault-policy.ts'
import { rangePartitions } from '../../src/core/definition/partitioners.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { postgresWriter } from '../../src/writers/postgres.ts'
import { listReader, listWriter, numbers } from '../core/items.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { countsOf, createTradeTable, fingerprintOf, writeTradeFile } from './trade-import.ts'

interface Row {
  readonly id: number
}

const NO_PARAMETERS = z.object({})
const rows = (count: number): readonly Row[] => numbers(count).map((id) => ({ id }))

describe('The traps of the peers', () => {
  let database: TestDatabase
  let repository: JobRepository
  let folder: string

  before(async () => {
    database = await testDatabase()
    folder = await mkdtemp(join(tmpdir(), 'batchwright-traps-'))
    const { connection, schema } = database
    repository = await postgresRepository({ connection, schema })
  })

  after(async () => {
    await repository.close()
    await database.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('A: a restart does not run a completed step again', async () => {
    const runs = { first: 0, second: 0 }
    const job = defineJob({
      name: 'trap-a',
      parameters: NO_PARAMETERS,
      steps: (step) => ({
        first: step.tasklet(() => void (runs.first += 1)),
        second: step.tasklet(() => {
          runs.second += 1
          if (runs.second === 1) throw new Error('the first time it fails')
        }),
      }),
    })
    expect(await statusOf(job)).to.equal('FAILED')
    expect(await statusOf(job)).to.equal('COMPLETED')
    expect(runs).to.deep.equal({ first: 1, second: 2 })
  })

  it('B: a process that dies between chunks leaves nothing stuck, and no row is written twice', async () => {
    const table = `${database.schema}.trap_b`
    await database.pool.query(createTradeTable(table))
    const file = join(folder, 'trades.csv')
    await writeTradeFile(file, 20_000)
    const order = JSON.stringify({
      repository: { connection: database.connection, schema: database.schema },
      file,
      table,
    })
    expect(await killedAfter('committed 5', order), 'killed by the signal').to.equal(true)
    expect(await killedAfter('never', order), 'the second process runs to its end').to.equal(false)
    expect(await fingerprintOf(database.pool, table)).to.include({ rows: 18_000 })
    expect(await countsOf(database.pool, database.schema, table)).to.include({
      readCount: 20_000,
      writeCount: 18_000,
    })
  }).timeout(60_000)

  it('C: a completed instance is not run again', async () => {
    let runs = 0
    const job = defineJob({
      name: 'trap-c',
      parameters: NO_PARAMETERS,
      steps: (step) => ({ only: step.tasklet(() => void (runs += 1)) }),
    })
    expect(await statusOf(job)).to.equal('COMPLETED')
    const refusal = await batchOf(job)
      .operator.start(job, {})
      .catch((error: unknown) => error)
    expect(isBatchError(refusal, 'JOB_INSTANCE_ALREADY_COMPLETE')).to.equal(true)
    expect(runs).to.equal(1)
  })

  it('D: stop ends a running step at its next chunk, not after its last item', async () => {
    const table = await tableOf('trap_d')
    const job = loadJob('trap-d', 1_000, table, { size: 10 })
    const { operator } = batchOf(job)
    const started = await operator.start(
      job,
      {},
      { observer: { stepProgressed: () => started.stop('enough') } },
    )
    const { execution } = await started.ended
    expect(execution.status).to.equal('STOPPED')
    expect(execution.stepExecutions[0]?.writeCount).to.be.at.least(10).and.at.most(30)
    expect(await idsIn(table)).to.deep.equal(numbers(execution.stepExecutions[0]?.writeCount ?? 0))
  })

  it('E: one bad row in a chunk of five costs one row', async () => {
    const table = await tableOf('trap_e')
    const job = loadJob('trap-e', 5, table, { size: 5, failIn: 0, skip: { on: Error, limit: 1 } })
    expect(await statusOf(job)).to.equal('COMPLETED')
    expect(await idsIn(table)).to.deep.equal([0, 1, 2, 4])
    expect(await lastStep('trap-e')).to.include({ readCount: 5, writeCount: 4, writeSkipCount: 1 })
    const [entry] = await repository.quarantine.list({ jobName: 'trap-e', limit: 2 })
    expect(entry).to.deep.include({ phase: 'write', payload: { kind: 'item', json: '{"id":0}' } })
  })

  it('F: an error that may be retried and may be skipped is retried first', async () => {
    let tries = 0
    const written: Row[] = []
    const job = defineJob({
      name: 'trap-f',
      parameters: NO_PARAMETERS,
      steps: (step) => ({
        load: step.chunk(
          { size: 5, retry: { on: Error, attempts: 3 }, skip: { on: Error, limit: 10 } },
          {
            reader: listReader(rows(5)),
            processor: (row) => {
              if (row.id === 3 && (tries += 1) < 3) throw new Error('it fails twice')
              return row
            },
            writer: listWriter<Row>({ onWrite: (items) => written.push(...items) }),
          },
        ),
      }),
    })
    expect(await statusOf(job)).to.equal('COMPLETED')
    expect(tries).to.equal(3)
    expect(written.map(({ id }) => id)).to.deep.equal(numbers(5))
    expect(await lastStep('trap-f')).to.include({ writeCount: 5, processSkipCount: 0 })
  })

  it('G: partitions read ranges of their own, and together all of the input', async () => {
    const read: number[] = []
    const job = partitionedJob(
      'trap-g',
      103,
      listWriter<Row>({ onWrite: (items) => items.forEach(({ id }) => read.push(id)) }),
    )
    expect(await statusOf(job)).to.equal('COMPLETED')
    expect(read.toSorted((one, other) => one - other)).to.deep.equal(numbers(103))
  })

  it('H: what a chunk writes is rolled back together with its checkpoint', async () => {
    const table = await tableOf('trap_h')
    const broken = loadJob('trap-h', 30, table, { size: 10, failIn: 2 })
    expect(await statusOf(broken)).to.equal('FAILED')
    expect(await idsIn(table)).to.deep.equal(numbers(20))
    expect(await lastStep('trap-h')).to.include({ readCount: 20, writeCount: 20, commitCount: 2 })
  })

  it('I: the same parameters after a failure resume where it failed', async () => {
    const table = await tableOf('trap_i')
    expect(await statusOf(loadJob('trap-i', 30, table, { size: 10, failIn: 2 }))).to.equal('FAILED')
    const reader = listReader(rows(30))
    expect(await statusOf(loadJob('trap-i', 30, table, { size: 10, reader }))).to.equal('COMPLETED')
    expect(reader.opened).to.deep.equal([20])
    expect(await idsIn(table)).to.deep.equal(numbers(30))
  })

  it('P: several workers write each row once', async () => {
    const table = `${database.schema}.trap_p`
    await database.pool.query(`create table ${table} (id int)`)
    const job = partitionedJob('trap-p', 1_000, postgresWriter<Row>({ table, columns: ['id'] }))
    expect(await statusOf(job)).to.equal('COMPLETED')
    expect(await idsIn(table)).to.deep.equal(numbers(1_000))
    expect(await lastStep('trap-p')).to.include({ stepName: 'load', readCount: 1_000, writeCount: 1_000 })
  })

  interface Load {
    readonly size: number
    /** The chunk whose rows violate the table's key, counted from 0. */
    readonly failIn?: number
    readonly reader?: ReturnType<typeof listReader<Row>>
    readonly skip?: SkipPolicy
  }

  function loadJob(name: string, count: number, table: string, { size, failIn, reader, skip }: Load) {
    const bad = failIn === undefined ? undefined : failIn * size + 3
    return defineJob({
      name,
      parameters: NO_PARAMETERS,
      steps: (step) => ({
        load: step.chunk(
          { size, ...(skip === undefined ? {} : { skip }) },
          {
            reader: reader ?? listReader(rows(count)),
            processor: (row) => (row.id === bad ? { id: 0 } : row),
            writer: postgresWriter<Row>({ table, columns: ['id'] }),
          },
        ),
      }),
    })
  }

  function partitionedJob(name: string, count: number, writer: ItemWriter<Row>) {
    return defineJob({
      name,
      parameters: NO_PARAMETERS,
      steps: (step) => ({
        load: step.partitioned(
          {
            size: 10,
            partitions: () => rangePartitions({ from: 0, to: count - 1, parts: 7 }),
            concurrency: 3,
          },
          {
            reader: ({ partition }) =>
              listReader(rows(count).slice(partition.value.from, partition.value.to + 1)),
            writer,
          },
        ),
      }),
    })
  }

  async function lastStep(jobName: string) {
    const [execution] = await repository.listJobExecutions({ jobName, limit: 1 })
    const found = await repository.findJobExecution(execution?.id ?? '')
    return found?.stepExecutions.find(({ stepName }) => stepName === 'load')
  }

  function batchOf(job: AnyJob): Batch {
    return createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
  }

  /** Starts it with the same parameters as ever, and waits for the end. */
  async function statusOf(job: AnyJob): Promise<string> {
    const started = await batchOf(job).operator.startByName(job.name, {})
    return (await started.ended).execution.status
  }

  async function tableOf(name: string): Promise<string> {
    await database.pool.query(`create table ${database.schema}.${name} (id int primary key)`)
    return `${database.schema}.${name}`
  }

  async function idsIn(table: string): Promise<readonly number[]> {
    const { rows: found } = await database.pool.query<Row>(`select id from ${table} order by id`)
    return found.map(({ id }) => id)
  }
})

/** Runs the import, and kills it when it prints this line. */
async function killedAfter(line: string, order: string): Promise<boolean> {
  const script = new URL('./import-process.js', import.meta.url).pathname
  const child = spawn(process.execPath, [script, order], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  for await (const printed of createInterface({ input: child.stdout })) {
    if (printed === line) child.kill('SIGKILL')
  }
  const [code, signal] = await ended
  if (signal === null) expect(code).to.equal(0)
  return signal === 'SIGKILL'
}
