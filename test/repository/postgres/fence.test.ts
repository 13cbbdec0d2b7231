import { expect } from 'chai'
import pg from 'pg'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import { pgClient } from '../../../src/postgres/resources.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { commit, startedStep, stepEnd } from './running-job.ts'

describe('The fence in the database', () => {
  let database: TestDatabase
  let repository: JobRepository
  let recoverer: pg.Client

  before(async () => {
    database = await testDatabase()
    repository = await postgresRepository({ connection: database.connection, schema: database.schema })
    await database.pool.query(`create table ${database.schema}.trade (id integer)`)
  })

  after(async () => {
    await repository.close()
    await database.close()
  })

  beforeEach(async () => {
    await database.pool.query(`delete from ${database.schema}.trade`)
    recoverer = new pg.Client(database.connection)
    await recoverer.connect()
  })

  afterEach(() => recoverer.end())

  async function rows(): Promise<number> {
    const { rowCount } = await database.pool.query(`select * from ${database.schema}.trade`)
    return rowCount ?? 0
  }

  async function waitUntilBlocked(): Promise<void> {
    for (;;) {
      const { rows: blocked } = await recoverer.query(
        'select 1 from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))',
      )
      if (blocked.length > 0) return
    }
  }

  async function codeOf(action: Promise<unknown>): Promise<string> {
    return action.then(
      () => 'none',
      (error: unknown) => (isBatchError(error) ? error.code : String(error)),
    )
  }

  for (const pipelined of [false, true]) {
    it(`refuses a commit that waited while a recovery raised the generation (pipelined: ${pipelined})`, async () => {
      const { step, launched } = await startedStep(repository)
      await recoverer.query('begin')
      await recoverer.query(
        `update ${database.schema}.batch_job_execution_owner set generation = generation + 1 where job_execution_id = $1`,
        [launched.claim.jobExecutionId],
      )
      const committing = codeOf(
        commit(
          step,
          1,
          (transaction) => pgClient(transaction).query(`insert into ${database.schema}.trade values (1)`),
          pipelined,
        ),
      )
      await waitUntilBlocked()
      await recoverer.query('commit')
      expect(await committing).to.equal('LEASE_LOST')
      expect(await rows()).to.equal(0)
      await step.close()
    })

    it(`lets a commit pass whose recovery was rolled back (pipelined: ${pipelined})`, async () => {
      const { step, launched } = await startedStep(repository)
      await recoverer.query('begin')
      await recoverer.query(
        `update ${database.schema}.batch_job_execution_owner set generation = generation + 1 where job_execution_id = $1`,
        [launched.claim.jobExecutionId],
      )
      const committing = codeOf(
        commit(
          step,
          1,
          (transaction) => pgClient(transaction).query(`insert into ${database.schema}.trade values (1)`),
          pipelined,
        ),
      )
      await waitUntilBlocked()
      await recoverer.query('rollback')
      expect(await committing).to.equal('none')
      expect(await rows()).to.equal(1)
      await step.close()
    })

    it(`refuses a step that somebody else has changed (pipelined: ${pipelined})`, async () => {
      const { step } = await startedStep(repository)
      await recoverer.query(
        `update ${database.schema}.batch_step_execution set version = version + 1 where step_execution_id = $1`,
        [step.stepExecution.id],
      )
      const committing = commit(
        step,
        1,
        (transaction) => pgClient(transaction).query(`insert into ${database.schema}.trade values (1)`),
        pipelined,
      )
      expect(await codeOf(committing)).to.equal('OPTIMISTIC_LOCK_FAILED')
      expect(await codeOf(step.end(stepEnd('COMPLETED')))).to.equal('OPTIMISTIC_LOCK_FAILED')
      expect(await rows()).to.equal(0)
      await step.close()
    })
  }

  it('holds no heartbeat up, and no commit of a parallel step', async () => {
    const { step, launched } = await startedStep(repository)
    const other = await repository.beginStep(launched.claim, { stepName: 'other', executionContext: {} })
    await commit(step, 1, async (transaction) => {
      await pgClient(transaction).query(
        `select 1 from ${database.schema}.batch_job_execution_owner where job_execution_id = $1 for share`,
        [launched.claim.jobExecutionId],
      )
      expect((await repository.heartbeat(launched.claim, 30_000)).lease).to.equal('held')
      await commit(other, 1, async () => {})
    })
    await step.close()
    await other.close()
  })

  it('does not take a division by zero of the author for its own', async () => {
    const { step } = await startedStep(repository)
    const failing = commit(step, 1, (transaction) => pgClient(transaction).query('select 1 / 0'), true)
    expect(await codeOf(failing)).to.contain('division by zero')
    await step.close()
  })

  it('fails clearly when the rows were deleted', async () => {
    const { step, launched } = await startedStep(repository)
    const id = [launched.claim.jobExecutionId]
    const { schema, pool } = database
    // In Spring's order; our side tables follow by themselves.
    await pool.query(`delete from ${schema}.batch_job_execution_context where job_execution_id = $1`, id)
    await pool.query(`delete from ${schema}.batch_job_execution_params where job_execution_id = $1`, id)
    await pool.query(`delete from ${schema}.batch_step_execution_context where step_execution_id = $1`, [
      step.stepExecution.id,
    ])
    await pool.query(`delete from ${schema}.batch_step_execution where job_execution_id = $1`, id)
    await pool.query(`delete from ${schema}.batch_job_execution where job_execution_id = $1`, id)
    expect(await codeOf(commit(step, 1, async () => {}))).to.equal('LEASE_LOST')
    await step.close()
  })
})
