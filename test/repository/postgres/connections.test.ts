import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import { PG_POOL, pgClient } from '../../../src/postgres/resources.ts'
import { postgresRepository, type PostgresRepositoryOptions } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { commit, launchJob, startedStep, stepEnd } from './running-job.ts'

describe("The repository's connections", () => {
  let database: TestDatabase
  let repository: JobRepository

  before(async () => {
    database = await testDatabase()
  })

  after(() => database.close())

  afterEach(() => repository.close())

  async function open(options: Partial<PostgresRepositoryOptions>): Promise<void> {
    repository = await postgresRepository({
      connection: database.connection,
      schema: database.schema,
      ...options,
    })
  }

  it('have room for heartbeats, launches and queries while steps hold every connection that is lent', async () => {
    await open({ poolSize: 1 })
    const { step, launched } = await startedStep(repository)
    await commit(step, 1, async (transaction) => {
      await pgClient(transaction).query('select 1')
      expect((await repository.heartbeat(launched.claim, 30_000)).lease).to.equal('held')
      await launchJob(repository)
      expect(await repository.listJobExecutions({ limit: 1 })).to.have.length(1)
    })
    await step.end(stepEnd('COMPLETED'))
    await step.close()
    expect((await repository.resources.find(PG_POOL)?.query('select 1'))?.rowCount).to.equal(1)
  })

  it('end a transaction that sits idle for most of a lease, so that its locks block nobody', async () => {
    await open({ leaseMilliseconds: 500 })
    const { step } = await startedStep(repository)
    const sleeping = commit(step, 1, async (transaction) => {
      await pgClient(transaction).query('select 1')
      await wait(700)
    })
    const error = await sleeping.catch((thrown: unknown) => thrown)
    expect(isBatchError(error, 'REPOSITORY_UNAVAILABLE')).to.equal(true)
    await step.end(stepEnd('FAILED'))
    await step.close()
  })

  it('are replaced when their sessions take no writes, as those to a database that was full for a while', async () => {
    const user = `${database.schema}_user`
    await database.pool.query(`create role ${user} login superuser password 'secret'`)
    await database.pool.query(`alter role ${user} set default_transaction_read_only = on`)
    await open({ connection: { ...database.connection, user, password: 'secret' } })
    const register = () => repository.schedules.register(['nightly'], new Date())
    const refused = await launchJob(repository).catch((thrown: unknown) => thrown)
    expect(isBatchError(refused, 'REPOSITORY_UNAVAILABLE') && refused.message).to.contain('took no writes')
    const registering = await register().catch((thrown: unknown) => thrown)
    expect(isBatchError(registering, 'REPOSITORY_UNAVAILABLE')).to.equal(true)
    const checking = await repository.checkTables().catch((thrown: unknown) => thrown)
    expect(isBatchError(checking, 'REPOSITORY_UNAVAILABLE') && checking.message).to.contain('took no writes')
    await database.pool.query(`alter role ${user} reset default_transaction_read_only`)
    await repository.checkTables()
    expect(await register()).to.have.length(1)
    await repository.close()
    await database.pool.query(`drop role ${user}`)
  })

  it('keep the settings of their author, and read committed whatever the database says', async () => {
    await open({
      connection: {
        ...database.connection,
        application_name: 'nightly',
        options: '-c work_mem=7MB -c default_transaction_isolation=serializable',
      },
    })
    const { step } = await startedStep(repository)
    await commit(step, 1, async (transaction) => {
      const { rows } = await pgClient(transaction).query(
        `select current_setting('application_name') as name, current_setting('work_mem') as memory,
          current_setting('transaction_isolation') as isolation`,
      )
      expect(rows).to.deep.equal([{ name: 'nightly', memory: '7MB', isolation: 'read committed' }])
    })
    await step.close()
    const pool = repository.resources.find(PG_POOL)
    const { rows } = (await pool?.query(`select current_setting('transaction_isolation') as isolation`)) ?? {}
    expect(rows).to.deep.equal([{ isolation: 'read committed' }])
  })

  it('read committed whatever the options in a connection string say, and keep the rest of them', async () => {
    const { user, password, database: name, host, port } = database.connection
    const string = new URL('postgres://local')
    const given = { host, port, user, password, dbname: name, application_name: 'by-string' }
    string.pathname = `/${name}`
    for (const [key, value] of Object.entries(given)) {
      if (value !== undefined) string.searchParams.set(key, String(value))
    }
    string.searchParams.set(
      'options',
      '-c work_mem=7MB -c default_transaction_isolation=serializable -c datestyle=German',
    )
    for (const connection of [string.href, { connectionString: string.href }]) {
      await open({ connection })
      const pool = repository.resources.find(PG_POOL)
      const { rows } =
        (await pool?.query(
          `select current_setting('application_name') as name, current_setting('work_mem') as memory,
            current_setting('transaction_isolation') as isolation, current_setting('datestyle') like 'ISO%' as iso`,
        )) ?? {}
      expect(rows).to.deep.equal([
        { name: 'by-string', memory: '7MB', isolation: 'read committed', iso: true },
      ])
      await repository.close()
    }
  })

  it('reject a heartbeat that is never answered, and do not wait behind it the next time', async () => {
    await open({ leaseMilliseconds: 900 })
    const { claim } = await launchJob(repository)
    const blocker = await database.pool.connect()
    await blocker.query('begin')
    await blocker.query(
      `select 1 from ${database.schema}.batch_job_execution_heartbeat where job_execution_id = $1 for update`,
      [claim.jobExecutionId],
    )
    const error = await repository.heartbeat(claim, 900).catch((thrown: unknown) => thrown)
    if (!isBatchError(error, 'REPOSITORY_UNAVAILABLE')) throw new Error('not rejected', { cause: error })
    expect(error.details['outcome']).to.equal('unknown')
    await blocker.query('rollback')
    blocker.release()
    expect(await repository.heartbeat(claim, 900)).to.deep.equal({ lease: 'held', jobStatus: 'STARTING' })
  })

  it('of a step that has not ended go to nobody else', async () => {
    await open({ poolSize: 1 })
    const pidOf = async (end: boolean): Promise<number> => {
      const { step } = await startedStep(repository)
      let pid = 0
      await commit(step, 1, async (transaction) => {
        const { rows } = await pgClient(transaction).query<{ pid: number }>('select pg_backend_pid() as pid')
        pid = rows[0]?.pid ?? 0
      })
      if (end) await step.end(stepEnd('COMPLETED'))
      await step.close()
      return pid
    }
    const first = await pidOf(true)
    const second = await pidOf(false)
    expect(second, 'an ended step gives its session back').to.equal(first)
    expect(await pidOf(true), 'recovery may still end the session of the second').not.to.equal(second)
  })
})

describe('The options of the Postgres repository', () => {
  it('are refused where a number is none, before anything is connected', async () => {
    const connection = { host: '127.0.0.1', port: 1 }
    for (const wrong of [{ poolSize: 0 }, { poolSize: 1.5 }, { leaseMilliseconds: Number.NaN }]) {
      const error = await postgresRepository({ connection, ...wrong }).catch((thrown: unknown) => thrown)
      expect(isBatchError(error, 'INVALID_CONFIGURATION'), String(error)).to.equal(true)
      expect(String(error)).to.contain(`${Object.entries(wrong)[0]?.join(' is ')}; it must be a whole number`)
    }
  })
})
