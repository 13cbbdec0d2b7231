import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import type { StartedJob } from '../../src/core/operator/started-job.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { createBatch, type Batch } from '../../src/create-batch.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'

const STOPS = Number(process.env['BATCHWRIGHT_TEST_STOPS'] ?? 100)
const ITEMS = 40

const job = defineJob({
  name: 'stopped',
  parameters: z.object({ run: z.int() }),
  steps: (step) => ({
    prepare: step.tasklet(async ({ signal }) => {
      await sleep(Math.random() * 3, undefined, { signal })
    }),
    load: step.chunk(
      { size: 7 },
      {
        reader: () => iterableReader(Array.from({ length: ITEMS }, (_, index) => index)),
        processor: async (item) => {
          if (Math.random() < 0.1) await sleep(1)
          return item
        },
        writer: () => ({
          kind: 'nowhere',
          description: 'nowhere',
          guarantee: 'idempotent',
          open: async () => ({ write: () => sleep(Math.random() * 2), close: async () => {} }),
        }),
      },
    ),
    finish: step.tasklet(async () => {
      await sleep(Math.random())
    }),
  }),
})

type Way = (batch: Batch, started: StartedJob) => unknown

/** Each at a random moment, also after the end. */
const WAYS: Readonly<Record<string, Way>> = {
  'asked from elsewhere': (batch, { execution }) => batch.operator.stop(execution.id).catch(() => undefined),
  'asked in the process': (_, started) => started.stop('asked'),
  'with hardly any grace': (_, started) => started.stop('asked', { graceMilliseconds: Math.random() * 3 }),
  aborted: (_, started) => started.abort('given up'),
  'asked twice, then aborted': async (batch, started) => {
    started.stop('asked')
    await batch.operator.stop(started.execution.id).catch(() => undefined)
    started.abort('given up')
  },
  'taken by force': (batch, { execution }) => batch.operator.recover(execution.id, { force: true }),
}

describe('Stops at random moments', () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
  })
  after(() => database.close())

  const end = ['COMPLETED', 'STOPPED', 'FAILED']

  async function stopAndFinish(batch: Batch, run: number): Promise<void> {
    const names = Object.keys(WAYS)
    const name = names[run % names.length] ?? ''
    const started = await batch.operator.start(job, { run })
    const stopping = sleep(Math.random() * 25).then(() => WAYS[name]?.(batch, started))
    await started.ended.catch(() => undefined)
    await stopping
    const { status, endTime, stepExecutions } = await batch.operator.findJobExecution(started.execution.id)
    expect(end, `${name}: ${status}`).to.include(status)
    expect(endTime, name).to.be.instanceOf(Date)
    for (const step of stepExecutions) expect(end, `${name}: step ${step.stepName}`).to.include(step.status)
    if (status === 'COMPLETED') return
    const again = await batch.operator.start(job, { run })
    expect(again.restartOf).to.equal(started.execution.id)
    const { execution } = await again.ended
    expect(execution.status, name).to.equal('COMPLETED')
    const loads = [...stepExecutions, ...execution.stepExecutions].filter(
      ({ stepName }) => stepName === 'load',
    )
    const sum = (key: 'readCount' | 'writeCount') => loads.reduce((total, step) => total + step[key], 0)
    expect([sum('readCount'), sum('writeCount')], name).to.deep.equal([ITEMS, ITEMS])
  }

  async function stopMany(repository: JobRepository, stops: number): Promise<void> {
    await using batch = createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
    const runs = Array.from({ length: stops }, (_, run) => run)
    const AT_ONCE = 8
    for (let first = 0; first < stops; first += AT_ONCE)
      await Promise.all(runs.slice(first, first + AT_ONCE).map((run) => stopAndFinish(batch, run)))
    expect(
      await repository.listJobExecutions({ limit: 1, statuses: ['UNKNOWN', 'STARTED', 'STOPPING'] }),
    ).to.deep.equal([])
  }

  it(`end ${STOPS} executions in memory as COMPLETED, STOPPED or FAILED, never as UNKNOWN, and each can be finished`, async function () {
    this.timeout(60_000 + STOPS * 200)
    await stopMany(memoryRepository(), STOPS)
  })

  it('do the same in Postgres', async function () {
    this.timeout(120_000)
    const { connection, schema } = database
    await stopMany(await postgresRepository({ connection, schema, poolSize: 20 }), Math.min(STOPS, 60))
  })
})
