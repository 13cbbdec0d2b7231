import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { createBatch } from '../../src/create-batch.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { expectGone, loadTrial } from './load-trial.ts'
import openBatch, { loadJob, type LoadOrder, PARTITIONS, ROWS } from './partitioned-load.ts'

const SLOWLY = { processes: 2, milliseconds: 5 }

describe('Worker processes that are disturbed', function () {
  this.timeout(60_000)
  const { database, start, load, rows, expectWhole, workerPids } = loadTrial()

  const written = async () => (await rows<{ count: number }>('select count(*)::int from @row'))[0]?.count

  it('roll back their open chunks when the run is aborted, end, and leave nothing that looks running', async () => {
    let pids: readonly number[] = []
    const aborted = await load(SLOWLY, async (started) => {
      pids = await workerPids(2)
      started.stop('the first signal')
      started.abort('the second signal')
    })
    expect(isBatchError(aborted.error, 'ABORTED'), String(aborted.error)).to.equal(true)
    expect(aborted.execution.status).to.equal('FAILED')
    await expectGone(pids)
    expect(aborted.parts.map(({ status }) => status)).to.not.include('STARTED')
    const committed = aborted.parts.reduce((sum, { writeCount }) => sum + writeCount, 0)
    expect(await written())
      .to.equal(committed)
      .and.to.be.below(ROWS)
    expect((await load({ processes: 2 })).execution.status).to.equal('COMPLETED')
    await expectWhole()
  })

  it('claim no further partition after a failure in any of them, where the step shall fail fast', async () => {
    const failed = await load({ ...SLOWLY, failFast: true, bad: 1 })
    if (!isBatchError(failed.error, 'PARTITIONS_FAILED')) throw new Error('another', { cause: failed.error })
    expect(failed.error.message).to.match(/1 of 8 partitions failed .part1.. part1: .*cannot do 1/)
    expect(failed.parts.length).to.be.below(PARTITIONS)
    expect(failed.parts.filter(({ status }) => status === 'FAILED').length).to.equal(1)
    expect((await load({ processes: 2 })).execution.status).to.equal('COMPLETED')
    await expectWhole()
  })

  it('work on all other partitions when one fails, and a restart with other processes runs that one alone', async () => {
    const failed = await load({ processes: 2, bad: 123 })
    expect(isBatchError(failed.error, 'PARTITIONS_FAILED'), String(failed.error)).to.equal(true)
    expect(failed.parts.filter(({ status }) => status === 'COMPLETED').length).to.equal(PARTITIONS - 1)
    const outcome = await load({ processes: 3, concurrency: 7 })
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    expect(outcome.parts.map(({ partition }) => partition?.name)).to.deep.equal(['part3'])
    await expectWhole()
  })

  it('commit nothing after their execution was recovered by force, and end', async () => {
    const { batch, started } = await start(SLOWLY)
    await using _ = batch
    const ended = started.ended.catch((error: unknown) => error)
    const pids = await workerPids(2)
    const { connection, schema } = database()
    await using elsewhere = await openBatch({ connection, schema, processes: 0 })
    await elsewhere.operator.recover(started.execution.id, { force: true })
    const then = await written()
    expect(then).to.be.below(ROWS)
    const restarted = await elsewhere.operator.restart(started.execution.id)
    expect((await restarted.ended).execution.status).to.equal('COMPLETED')
    expect(isBatchError(await ended, 'LEASE_LOST'), String(await ended)).to.equal(true)
    await expectGone(pids)
    await expectWhole()
    const [counted] = await rows<{ written: number }>(
      `select sum(write_count)::int as written from @batch_step_execution where step_name like 'load:%'`,
    )
    expect(counted?.written).to.equal(ROWS)
  })

  it('of two partitioned steps side by side do the work of their own step', async () => {
    const { connection, schema } = database()
    await using batch = await openBatch({ connection, schema, processes: 2, milliseconds: 1 })
    const { ended, execution } = await batch.operator.startByName('split', { run: 'a' })
    const outcome = await ended
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    const counted = await rows('select count(*)::int as all, count(distinct id)::int as ids from @row')
    expect(counted).to.deep.equal([{ all: ROWS, ids: ROWS }])
    expect(await rows('select sum from @total')).to.deep.equal([{ sum: ROWS / 2 }, { sum: ROWS / 2 }])
    const overviews = await batch.operator.listPartitionOverviews(execution.id)
    const all = { planned: PARTITIONS, open: 0, executions: { COMPLETED: PARTITIONS } }
    expect(overviews).to.have.deep.members([
      { stepName: 'left', ...all },
      { stepName: 'right', ...all },
    ])
  })

  describe('in the loading of their project', () => {
    async function startWith(module: string) {
      const { connection, schema } = database()
      const order: LoadOrder = { connection, schema, processes: 1 }
      const batch = createBatch({
        repository: await postgresRepository({ connection, schema }),
        jobs: [loadJob(order)],
        logger: pino({ level: 'silent' }),
        workers: { module: new URL(module, import.meta.url) },
      })
      return { batch, started: await batch.operator.startByName('load', { run: 'a' }) }
    }

    it('are not waited for by a stop, for they have nothing to finish', async () => {
      const { batch, started } = await startWith('./waiting-module.js')
      await using _ = batch
      await sleep(500)
      const asked = Date.now()
      started.stop('enough')
      expect((await started.ended).execution.status).to.equal('STOPPED')
      expect(Date.now() - asked).to.be.below(5_000)
    })

    it('fail the step when there is no such module, which is named', async () => {
      const { batch, started } = await startWith('./no-such-module.js')
      await using _ = batch
      const { error } = await started.ended
      expect(isBatchError(error, 'WORKER_FAILED'), String(error)).to.equal(true)
      expect(String(error)).to.contain('no-such-module.js')
    })
  })
})
