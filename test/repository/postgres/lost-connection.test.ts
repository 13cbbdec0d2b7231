import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type BatchError, isBatchError } from '../../../src/core/model/batch-error.ts'
import type { JobExecutionDetails } from '../../../src/core/model/job-execution.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { Claim } from '../../../src/core/ports/lease.ts'
import type { StepSession } from '../../../src/core/ports/step-session.ts'
import type { Transaction } from '../../../src/core/ports/resource.ts'
import { PG_POOL, pgClient } from '../../../src/postgres/resources.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { commit, jobEnd, launchJob, RECOVER, startedStep, stepEnd } from './running-job.ts'
import { type WireProxy, wireProxy } from './wire-proxy.ts'

describe('A connection to Postgres that is lost', () => {
  let database: TestDatabase
  let proxy: WireProxy
  let repository: JobRepository
  let step: StepSession
  let claim: Claim

  before(async () => {
    database = await testDatabase()
    proxy = await wireProxy(database.connection)
    repository = await postgresRepository({ connection: proxy.connection, schema: database.schema })
    await database.pool.query(`create table ${database.schema}.trade (id integer)`)
  })

  after(async () => {
    await repository.close()
    await proxy.close()
    await database.close()
  })

  beforeEach(async () => {
    await database.pool.query(`delete from ${database.schema}.trade`)
    const started = await startedStep(repository)
    step = started.step
    claim = started.launched.claim
  })

  afterEach(() => step.close())

  const insert = (transaction: Transaction): Promise<unknown> =>
    pgClient(transaction).query(`insert into ${database.schema}.trade values (1)`)

  async function rows(): Promise<number> {
    const { rowCount } = await database.pool.query(`select * from ${database.schema}.trade`)
    return rowCount ?? 0
  }

  async function find(): Promise<JobExecutionDetails> {
    return (await repository.findJobExecution(claim.jobExecutionId)) as JobExecutionDetails
  }

  /** The sessions that the repository has registered for this execution. */
  async function terminate(): Promise<number> {
    const { rows: ended } = await database.pool.query(
      `select pg_terminate_backend(backend_pid, 5000) from ${database.schema}.batch_step_execution_backend
        where job_execution_id = $1`,
      [claim.jobExecutionId],
    )
    return ended.length
  }

  async function errorOf(action: Promise<unknown>): Promise<BatchError> {
    const error = await action.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (!isBatchError(error)) throw new Error('no BatchError', { cause: error })
    return error
  }

  it('between two chunks costs nothing: the next one takes a fresh connection', async () => {
    for (const pipelined of [false, true]) {
      await commit(step, 1, insert, pipelined)
      expect(await terminate()).to.equal(1)
      await sleep(50) // its end has reached this process; a commit that crosses it is another case, below
      await commit(step, 2, insert, pipelined)
    }
    expect(await rows()).to.equal(4)
    expect(await terminate(), 'the new session is registered').to.equal(1)
    await step.end(stepEnd('COMPLETED', 2))
    expect((await find()).stepExecutions[0]?.status).to.equal('COMPLETED')
  })

  for (const pipelined of [false, true]) {
    const name = pipelined ? 'in one flush' : 'statement by statement'

    it(`in the middle of a work fails the chunk, and the step can still be ended, ${name}`, async () => {
      await commit(step, 1, insert, pipelined)
      const failing = commit(
        step,
        2,
        async (transaction) => {
          const client = pgClient(transaction)
          const sleeping = Promise.all([insert(transaction), client.query('select pg_sleep(10)')])
          sleeping.catch(() => undefined)
          setTimeout(() => void terminate(), 50)
          await sleeping
        },
        pipelined,
      )
      const error = await errorOf(failing)
      expect(error.code).to.equal('REPOSITORY_UNAVAILABLE')
      expect(error.cause).to.be.instanceOf(Error)
      expect(await rows()).to.equal(1)
      await step.end(stepEnd('FAILED', 1))
      const [ended] = (await find()).stepExecutions
      expect([ended?.status, ended?.readCount]).to.deep.equal(['FAILED', 1])
    })

    it(`behind a COMMIT that was done is no failure, ${name}`, async () => {
      proxy.loseNextCommitAnswer()
      expect(await commit(step, 7, insert, pipelined)).to.equal('STARTED')
      expect(await rows()).to.equal(1)
      await commit(step, 8, insert, pipelined)
      expect((await find()).stepExecutions[0]?.readCount).to.equal(8)
    })

    it(`with a COMMIT that was not done is one, and nothing is committed, ${name}`, async () => {
      proxy.loseNextCommit()
      const error = await errorOf(commit(step, 7, insert, pipelined))
      expect(error.code).to.equal('REPOSITORY_UNAVAILABLE')
      expect(error.message).to.contain('nothing of it was committed')
      expect(await rows()).to.equal(0)
      await commit(step, 1, insert, pipelined)
      expect(await rows()).to.equal(1)
    })

    it(`with a BEGIN that fails takes everything behind it along, ${name}`, async () => {
      proxy.breakNextBegin()
      const failing = commit(
        step,
        7,
        (transaction) => Promise.all([insert(transaction), insert(transaction)]),
        pipelined,
      )
      const error = await failing.catch((thrown: Error) => thrown)
      expect(error).to.be.instanceOf(Error)
      expect(await rows(), 'nothing may commit by itself').to.equal(0)
      expect((await find()).stepExecutions[0]?.readCount).to.equal(0)
      await commit(step, 1, insert, pipelined)
      expect(await rows()).to.equal(1)
    })
  }

  it('with nobody to ask about the COMMIT is said to be unknown, and the end keeps what was committed', async function () {
    this.timeout(30_000)
    proxy.loseNextCommitAnswer()
    proxy.refuseConnections()
    const error = await errorOf(commit(step, 7, insert, true))
    expect(error.code).to.equal('REPOSITORY_UNAVAILABLE')
    expect(error.details['outcome']).to.equal('unknown')
    expect(error.message).to.contain('unknown')
    proxy.acceptConnections()
    await step.end(stepEnd('FAILED', 0))
    const [ended] = (await find()).stepExecutions
    expect(ended?.status).to.equal('FAILED')
    expect(ended?.readCount, 'as committed, not as the caller believes').to.equal(7)
    expect(ended?.executionContext).to.deep.equal({ kind: 'readable', values: { at: 7 } })
  })

  it('behind the end of a job that was written is no failure, and it is not written twice', async () => {
    await step.end(stepEnd('COMPLETED'))
    proxy.loseNextAnswerTo('exit_message = $5')
    const { version } = await find()
    await repository.endJobExecution(claim, jobEnd('COMPLETED'))
    const ended = await find()
    expect([ended.status, ended.version]).to.deep.equal(['COMPLETED', version + 1])
  })

  it('with nobody to ask about the end of a job is said to be unknown, once and without the cause in it', async () => {
    await step.end(stepEnd('COMPLETED'))
    proxy.loseNextAnswerTo('exit_message = $5')
    proxy.refuseConnections()
    const error = await errorOf(repository.endJobExecution(claim, jobEnd('COMPLETED')))
    const launching = await errorOf(launchJob(repository))
    const reading = await errorOf(repository.listJobInstances({ limit: 1 }))
    proxy.acceptConnections()
    expect([error, launching, reading].map(({ code }) => code)).to.deep.equal(
      Array.from({ length: 3 }, () => 'REPOSITORY_UNAVAILABLE'),
    )
    expect([error, launching, reading].map(({ details }) => details['outcome'])).to.deep.equal([
      'unknown',
      'nothing-committed',
      'read',
    ])
    expect(launching.message).to.contain('it can be done again')
    expect(reading.message).to.contain('ask again')
    expect(error.message)
      .to.contain('see what is recorded')
      .and.not.contain((error.cause as Error).message)
    expect((await find()).status).to.equal('COMPLETED')
  })

  it('behind the end of a step that was written is no failure', async () => {
    proxy.loseNextAnswerTo('exit_message = $17')
    await step.end(stepEnd('COMPLETED', 3))
    expect((await find()).stepExecutions[0]?.version).to.equal(1)
  })

  it('behind the start of a job, and the beginning of a step, is no failure; neither is recorded twice', async () => {
    proxy.loseNextAnswerTo('start_time = ')
    await repository.startJobExecution(claim)
    proxy.loseNextAnswerTo('"milliseconds"')
    const second = await repository.beginStep(claim, { stepName: 'second', executionContext: { at: 1 } })
    await commit(second, 5, insert)
    await second.end(stepEnd('COMPLETED', 5))
    await second.close()
    const { status, stepExecutions } = await find()
    expect(status).to.equal('STARTED')
    expect(stepExecutions.map(({ stepName, readCount }) => [stepName, readCount])).to.deep.equal([
      ['load', 0],
      ['second', 5],
    ])
  })

  it('behind the COMMIT of a launch is said to be unknown', async () => {
    proxy.loseNextCommitAnswer()
    const error = await errorOf(launchJob(repository))
    expect(error.code).to.equal('REPOSITORY_UNAVAILABLE')
    expect(error.details['outcome']).to.equal('unknown')
    expect(error.message).to.contain('not known')
  })

  it('does not take the change of somebody else for its own commit', async () => {
    const change = (by: number): Promise<unknown> =>
      database.pool.query(
        `update ${database.schema}.batch_step_execution set version = version + $2 where step_execution_id = $1`,
        [step.stepExecution.id, by],
      )
    await commit(step, 1, insert)
    await change(1)
    await terminate()
    expect((await errorOf(commit(step, 2, insert))).code).to.equal('OPTIMISTIC_LOCK_FAILED')
    expect((await errorOf(step.end(stepEnd('COMPLETED')))).code).to.equal('OPTIMISTIC_LOCK_FAILED')
    await change(-1)
    await change(2)
    proxy.loseNextCommit()
    expect((await errorOf(commit(step, 2, insert))).code).to.equal('OPTIMISTIC_LOCK_FAILED')
    expect(await rows()).to.equal(1)
  })

  it('while idle in the pool does not end the process', async () => {
    const pool = repository.resources.find(PG_POOL)
    await Promise.all([
      pool?.query('select 1'),
      pool?.query('select 1'),
      repository.listJobInstances({ limit: 1 }),
    ])
    await database.pool.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'batchwright'`,
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await repository.listJobInstances({ limit: 1 })).length).to.equal(1)
    await step.end(stepEnd('COMPLETED'))
  })

  it('to a frozen owner is ended by the recovery, which does not wait for it', async () => {
    const { jobKey } = (await find()).jobInstance
    const frozen = commit(step, 1, async (transaction) => {
      await insert(transaction)
      await pgClient(transaction).query(
        `select 1 from ${database.schema}.batch_job_execution_owner where job_execution_id = $1 for share`,
        [claim.jobExecutionId],
      )
      await pgClient(transaction).query('select pg_sleep(20)')
    })
    frozen.catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const began = Date.now()
    const next = await launchJob(repository, jobKey, RECOVER)
    expect(Date.now() - began).to.be.lessThan(5_000)
    expect(next.recovered).to.equal(claim.jobExecutionId)
    expect((await errorOf(frozen)).code).to.equal('REPOSITORY_UNAVAILABLE')
    expect((await errorOf(step.end(stepEnd('FAILED')))).code).to.equal('LEASE_LOST')
    expect(await rows()).to.equal(0)
  })

  it('leaves the sessions of others alone', async () => {
    const other = await startedStep(repository)
    const { jobKey } = (await find()).jobInstance
    await launchJob(repository, jobKey, RECOVER)
    await commit(other.step, 1, async (transaction) => {
      expect(await insert(transaction)).to.be.an('object')
    })
    await other.step.end(stepEnd('COMPLETED'))
    await other.step.close()
  })
})
