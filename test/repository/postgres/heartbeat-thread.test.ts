import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { DataSource } from 'typeorm'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { HeartbeatAnswer } from '../../../src/core/ports/lease.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { jobEnd, launchJob, RECOVER } from './running-job.ts'

const LEASE = 600

describe('The thread that keeps leases', () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
  })
  after(() => database.close())

  const open = (connection: Parameters<typeof postgresRepository>[0]['connection'] = database.connection) =>
    postgresRepository({ connection, schema: database.schema })

  /** What it said of an execution, and how to stop listening. */
  async function kept(repository: JobRepository, key?: string) {
    const launched = await launchJob(repository, key)
    const answers: HeartbeatAnswer[] = []
    const errors: Error[] = []
    const beating = repository.keepBeating?.(launched.claim, LEASE, {
      onAnswer: (answer) => answers.push(answer),
      onError: (error) => errors.push(error),
    })
    return { launched, answers, errors, beating }
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await sleep(10)
  }

  it('beats, tells the status and a stop, knows its silence, and is quiet when released', async () => {
    const repository = await open()
    const { launched, answers, beating } = await kept(repository)
    expect(beating?.silence()).to.equal(Infinity)
    await until(() => answers.length > 0)
    expect(answers[0]).to.deep.equal({ lease: 'held', jobStatus: 'STARTING' })
    expect(beating?.silence()).to.be.within(0, LEASE * 2)
    await repository.requestStop(launched.claim.jobExecutionId, 'anna')
    await until(() => answers.some((one) => one.lease === 'held' && one.jobStatus === 'STOPPING'))
    beating?.close()
    const { length } = answers
    await sleep(LEASE)
    expect(answers.length).to.equal(length)
    await repository.endJobExecution(launched.claim, jobEnd('STOPPED'))
    await repository.close()
  })

  it('says once that the lease is lost', async () => {
    const repository = await open()
    const key = 'l'.repeat(32)
    const { answers } = await kept(repository, key)
    await launchJob(repository, key, RECOVER)
    await until(() => answers.length > 0 && answers.at(-1)?.lease === 'lost')
    await sleep(LEASE)
    expect(answers.filter(({ lease }) => lease === 'lost').length).to.equal(1)
    await repository.close()
  })

  it('goes on over a connection that is ended, and a repository that is closed leaves none', async () => {
    const repository = await open()
    const { answers } = await kept(repository)
    await until(() => answers.length > 0)
    const sessions = `from pg_stat_activity where application_name = 'batchwright heartbeat'`
    const { rows } = await database.pool.query(`select pg_terminate_backend(pid, 5000) ${sessions}`)
    expect(rows.length).to.equal(1)
    const { length } = answers
    await until(() => answers.length > length)
    await repository.close()
    const after = await database.pool.query(`select 1 ${sessions}`)
    expect(after.rows).to.deep.equal([])
  })

  it('takes the connection of a given data source, and is not there where it cannot', async () => {
    const { host, port, user: username, database: name } = database.connection
    const options = { type: 'postgres', host, port, username, database: name } as const
    const plain = await new DataSource(options as ConstructorParameters<typeof DataSource>[0]).initialize()
    const withThread = await open({ dataSource: plain })
    const { answers } = await kept(withThread)
    await until(() => answers.length > 0)
    await withThread.close()
    await plain.destroy()
    const asking = await open({ ...database.connection, password: () => 'asked for' })
    expect(asking.keepBeating).to.equal(undefined)
    await asking.close()
  })
})
