import { expect } from 'chai'
import { pino } from 'pino'
import { forkScheduler, type ForkedSchedulerOptions } from '../../src/pool/forked-scheduler.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import type { PooledSetting } from './pooled-jobs.ts'

describe("A server's scheduler in a process of its own", function () {
  this.timeout(60_000)
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
  })
  after(() => database.close())

  function fork(change: Partial<PooledSetting>, options: Partial<ForkedSchedulerOptions> = {}) {
    const argument: PooledSetting = { connection: database.connection, schema: database.schema, ...change }
    return forkScheduler({
      module: { module: new URL('./pooled-jobs.js', import.meta.url), argument },
      logger: pino({ level: 'silent' }),
      orphanGraceMilliseconds: 500,
      ...options,
    })
  }

  it('fires until it is drained', async () => {
    const scheduler = await fork({})
    await scheduler.drain('a test ends it', { graceMilliseconds: 1000 })
    const { rows } = await database.pool.query(`select schedule_name from ${database.schema}.batch_schedule`)
    expect(rows).to.deep.equal([{ schedule_name: 'loading' }])
  })

  it('says why a project cannot be loaded', async () => {
    expect(await fork({ broken: true }).catch(String)).to.contain('the project is broken')
  })

  it('is given up when it does not load its project in time', async () => {
    const hanging = fork({ hangs: true }, { loadMilliseconds: 500 })
    expect(await hanging.catch(String)).to.contain(
      'has not loaded the project within 0.5 s, and was killed before it fired',
    )
  })
})
