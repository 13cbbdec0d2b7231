import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { pino } from 'pino'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { createBatch } from '../../src/create-batch.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { expectGone, loadTrial } from './load-trial.ts'
import type { WrittenSpan } from './file-tracing.ts'
import openBatch, { loadJob, type LoadOrder, PARTITIONS, ROWS } from './partitioned-load.ts'

describe('Worker processes', function () {
  this.timeout(60_000)
  const { database: databaseOf, start, load, partsOf, rows, expectWhole, workerPids } = loadTrial()

  it('share the partitions: each row is written once, counts are summed, and the aggregation is one', async () => {
    const outcome = await load({ processes: 2, milliseconds: 2 })
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    await expectWhole()
    expect(outcome.manager).to.include({ readCount: ROWS, writeCount: ROWS, status: 'COMPLETED' })
    expect(outcome.parts.length).to.equal(PARTITIONS)
    const pids = await workerPids(2)
    expect(pids).to.not.include(process.pid)
    expect(new Set(outcome.parts.map(({ partition }) => partition?.worker?.pid))).to.deep.equal(new Set(pids))
  })

  it('go on in the trace of the step, and tell of their chunks one by one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'batchwright-trace-'))
    const traceFile = join(folder, 'spans')
    let chunks = 0
    const outcome = await load({ processes: 2, traceFile }, undefined, {
      observer: {
        chunkCommitted: ({ stepName }, { milliseconds }) => {
          if (stepName === 'load' && milliseconds > 0) chunks += 1
        },
      },
    })
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    const spans = readFileSync(traceFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as WrittenSpan)
    rmSync(folder, { recursive: true })
    const manager = spans.find(({ name, pid }) => name === 'step load' && pid === process.pid)
    const parts = spans.filter(({ name, pid }) => name === 'step load' && pid !== process.pid)
    expect(parts.length).to.equal(PARTITIONS)
    expect(new Set(parts.map(({ parent }) => parent))).to.deep.equal(new Set([manager?.id]))
    expect(spans.filter(({ name }) => name === 'job load').map(({ id }) => id)).to.deep.equal([
      manager?.parent,
    ])
    expect(chunks).to.equal(outcome.manager.commitCount)
  })

  it('lose their partition when one is killed, and another goes on behind its last chunk in the same run', async () => {
    const outcome = await load({ processes: 2, milliseconds: 5 }, async () => {
      const [victim = 0] = await workerPids(2)
      process.kill(victim, 'SIGKILL')
    })
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    await expectWhole()
    const failed = outcome.parts.filter(({ status }) => status === 'FAILED')
    expect(failed.length).to.equal(1)
    expect(failed[0]?.exitStatus.exitDescription).to.contain('was ended by SIGKILL')
    expect(outcome.manager).to.include({ readCount: ROWS, writeCount: ROWS })
    expect(outcome.parts.length).to.equal(PARTITIONS + 1)
  })

  it('are given up when they freeze, and cannot commit when they wake', async () => {
    let frozen = 0
    const order = { processes: 2, milliseconds: 20, leaseMilliseconds: 1_000 }
    const outcome = await load(order, async ({ execution: { id: jobExecutionId } }) => {
      ;[frozen = 0] = await workerPids(2)
      process.kill(frozen, 'SIGSTOP')
      for (;;) {
        const given = await rows(
          `select 1 from @batch_step_execution where job_execution_id = ${jobExecutionId} and status = 'FAILED'`,
        )
        if (given.length > 0) break
        await sleep(50)
      }
      process.kill(frozen, 'SIGCONT')
    })
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    await expectWhole()
    const failed = outcome.parts.filter(({ status }) => status === 'FAILED')
    expect(failed.map(({ exitStatus }) => exitStatus.exitDescription)).to.deep.equal([
      'the lease of its worker has run out',
    ])
    expect(outcome.manager).to.include({ readCount: ROWS, writeCount: ROWS })
  })

  it("are handed their partition's value and what earlier steps left in the job's context, bigints as bigints", async () => {
    const { connection, schema } = databaseOf()
    await using batch = await openBatch({ connection, schema, processes: 2 })
    const { ended } = await batch.operator.startByName('context', { run: 'a' })
    const { execution, error } = await ended
    expect(execution.status, String(error)).to.equal('COMPLETED')
    expect(await rows('select id, partition from @row order by id')).to.deep.equal(
      [1, 2, 3, 4].map((id) => ({ id, partition: '12345678901234567' })),
    )
  })

  it('keep their partitions while a processor blocks the event loop for longer than the lease', async () => {
    const order = { processes: 1, concurrency: 1, busyMilliseconds: 2_500, leaseMilliseconds: 1_000 }
    const outcome = await load(order)
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    expect(outcome.parts.map(({ status }) => status)).to.deep.equal(Array(PARTITIONS).fill('COMPLETED'))
    await expectWhole()
  })

  it('stop with the job, at the next chunk, and a restart goes on', async () => {
    const { batch, started } = await start({ processes: 2, milliseconds: 5 })
    await workerPids(2)
    started.stop('enough')
    const stopped = await started.ended
    expect(stopped.execution.status).to.equal('STOPPED')
    const ends = await partsOf(batch, started.execution.id)
    await batch.close()
    expect(ends.map(({ status }) => status))
      .to.include('STOPPED')
      .and.not.include('STARTED')
    const outcome = await load({ processes: 2 })
    expect(outcome.execution.status).to.equal('COMPLETED')
    await expectWhole()
  })

  it('that die of one partition again and again leave it failed, and the others complete', async () => {
    const poison = 77
    const outcome = await load({ processes: 2, poison })
    expect(outcome.execution.status).to.equal('FAILED')
    if (!isBatchError(outcome.error, 'PARTITIONS_FAILED'))
      throw new Error('another', { cause: outcome.error })
    expect(outcome.error.message).to.contain('1 of 8 partitions failed (part2)').and.contain('SIGKILL')
    expect(outcome.parts.filter(({ status }) => status === 'COMPLETED').length).to.equal(PARTITIONS - 1)
    expect((await load({ processes: 0, concurrency: 2 })).execution.status).to.equal('COMPLETED')
    await expectWhole()
  })

  it('end with the process that runs the job, and a restart writes nothing twice', async () => {
    const { connection, schema } = databaseOf()
    const order: LoadOrder = { connection, schema, processes: 2, milliseconds: 5 }
    const script = fileURLToPath(new URL('./load-process.js', import.meta.url))
    const child = spawn(process.execPath, [script, JSON.stringify(order)], { stdio: 'inherit' })
    const workers = await workerPids(2)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await expectGone(workers)

    const outcome = await load({ processes: 2 })
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    await expectWhole()
    const [counted] = await rows<{ read: number }>(
      `select sum(read_count)::int as read from @batch_step_execution where step_name like 'load:%'`,
    )
    expect(counted?.read).to.equal(ROWS)
  })

  it('are not asked again when only the aggregation was killed, and that is done once', async () => {
    const { connection, schema } = databaseOf()
    const order: LoadOrder = { connection, schema, processes: 2, dieAggregating: true }
    const script = fileURLToPath(new URL('./load-process.js', import.meta.url))
    const child = spawn(process.execPath, [script, JSON.stringify(order)], { stdio: 'inherit' })
    expect(await once(child, 'exit')).to.deep.equal([null, 'SIGKILL'])
    expect(await rows('select sum from @total')).to.deep.equal([])

    const outcome = await load({ processes: 2 })
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    expect(outcome.parts).to.deep.equal([])
    await expectWhole()
  })

  it('whose module cannot be loaded fail the step, which says why', async () => {
    const { connection, schema } = databaseOf()
    const order: LoadOrder = { connection, schema, processes: 1 }
    await using batch = createBatch({
      repository: await postgresRepository({ connection, schema }),
      jobs: [loadJob(order)],
      logger: pino({ level: 'silent' }),
      workers: { module: new URL('./empty-module.js', import.meta.url) },
    })
    const { ended } = await batch.operator.startByName('load', { run: 'a' })
    const { error } = await ended
    expect(isBatchError(error, 'WORKER_FAILED'), String(error)).to.equal(true)
  })

  it('are refused without a module, with the remedy', async () => {
    const { connection, schema } = databaseOf()
    await using batch = createBatch({
      repository: await postgresRepository({ connection, schema }),
      jobs: [loadJob({ connection, schema, processes: 1 })],
      logger: pino({ level: 'silent' }),
    })
    const { ended } = await batch.operator.startByName('load', { run: 'a' })
    const { error } = await ended
    expect(isBatchError(error, 'INVALID_CONFIGURATION'), String(error)).to.equal(true)
    expect(String(error)).to.contain('workers: { module')
  })
})
