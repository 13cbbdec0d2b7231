import { expect } from 'chai'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'

const [FIRED, WAITING] = [new Date(1000), new Date(2000)]
const BACKFILL = { by: 'anna', detail: 'waits', replaces: [], maxActive: 1 }

describe('The rows of a backfill', () => {
  let database: TestDatabase
  let repository: JobRepository

  before(async () => {
    database = await testDatabase()
    repository = await postgresRepository({ connection: database.connection, schema: database.schema })
  })
  after(async () => {
    await repository.close()
    await database.close()
  })

  async function untilSomebodyWaits(): Promise<void> {
    const waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query like $1"
    const ours = `%${database.schema}%`
    while ((await database.pool.query(waiting, [ours])).rowCount === 0)
      await new Promise((resolve) => setImmediate(resolve))
  }

  it('are cancelled but for the one that is fired at that moment', async () => {
    const { schedules } = repository
    await schedules.queue([FIRED, WAITING], { schedule: 'nightly', ...BACKFILL })
    const firing = await database.pool.connect()
    await firing.query('begin')
    await firing.query(
      `update ${database.schema}.batch_schedule_fire set outcome = 'FIRED', fired_by = 'a scheduler' where slot = $1`,
      [FIRED],
    )
    const cancelling = schedules.cancelBackfill('nightly', { by: 'ben', detail: 'cancelled' })
    await untilSomebodyWaits()
    await firing.query('commit')
    firing.release()
    expect(await cancelling).to.deep.equal([WAITING])
    const fires = await schedules.listFires({ schedule: 'nightly', limit: 9 })
    expect(fires.map(({ outcome, firedBy }) => [outcome, firedBy])).to.deep.equal([
      ['SKIPPED', 'ben'],
      ['FIRED', 'a scheduler'],
    ])
  })
})
