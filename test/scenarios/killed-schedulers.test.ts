import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { cronSlots } from '../../src/scheduling/cron-slots.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { ledgerFaults, ledgerOf, unfinished } from './fire-ledger.ts'
import { type RestlessProcesses, restlessProcesses } from './restless-processes.ts'
import type { SchedulerSetting } from './scheduler-process.ts'

/** Longer by `BATCHWRIGHT_TEST_SCHEDULER_SECONDS`. */
const SECONDS = Number(process.env['BATCHWRIGHT_TEST_SCHEDULER_SECONDS'] ?? 10)
const PROCESSES = 3
const SETTLING_SECONDS = 45

describe('Three schedulers of one database that are killed at random', function () {
  this.timeout((SECONDS + SETTLING_SECONDS + 60) * 1000)
  let database: TestDatabase
  let schedulers: RestlessProcesses | undefined

  before(async () => {
    database = await testDatabase()
    await database.pool.query(
      `create table ${database.schema}.ran (job text, slot timestamptz, primary key (job, slot))`,
    )
  })

  after(async () => {
    schedulers?.killAll()
    await database.close()
  })

  async function count(sql: string): Promise<number> {
    const { rows } = await database.pool.query<{ count: string }>(`select count(*) ${sql}`)
    return Number(rows[0]?.count)
  }

  /** Slots at which the job has done its work; the table's key allows each once. */
  async function quickRuns(): Promise<readonly string[]> {
    const { rows } = await database.pool.query<{ slot: Date }>(
      `select slot from ${database.schema}.ran where job = 'quick' order by slot`,
    )
    return rows.map(({ slot }) => slot.toISOString())
  }

  /** Of the slots up to now nothing waits, and nothing is to be continued. */
  async function settled(): Promise<void> {
    const { schema } = database
    const now = new Date()
    const end = Date.now() + SETTLING_SECONDS * 1000
    for (;;) {
      const open = (await ledgerOf(database, 'each-second')).filter(({ slot }) => slot < now)
      const waiting = unfinished(open)
      const stuck = await count(`from ${schema}.batch_job_execution
        where status = 'STARTED' and create_time < (clock_timestamp() at time zone 'utc') - interval '5 s'`)
      if (waiting + stuck === 0) return
      if (Date.now() > end) throw new Error(`${waiting} slots wait and ${stuck} executions are stuck`)
      await sleep(200)
    }
  }

  it('fire each slot once, or say why not, and leave no run behind', async () => {
    const { connection, schema } = database
    const setting: SchedulerSetting = { connection, schema }
    const module = new URL('./scheduler-process.js', import.meta.url)
    schedulers = await restlessProcesses(Array.from({ length: PROCESSES }, () => ({ module, setting })))
    const from = new Date()
    const { kills } = await schedulers.killFor(SECONDS)
    await settled()
    const until = new Date(Date.now() - 3000)
    await schedulers.end()

    expect(kills).to.be.greaterThan(SECONDS / 5)
    const slots = [...cronSlots('* * * * * *', 'UTC').between(from, until)]
    for (const schedule of ['each-second', 'one-at-a-time'])
      expect(ledgerFaults(slots, await ledgerOf(database, schedule)), schedule).to.deep.equal([])

    // A run that was stopped with the schedulers may or may not have got to its work.
    const launched = (await ledgerOf(database, 'each-second')).filter(({ instances }) => instances === 1)
    const textOf = ({ slot }: { readonly slot: Date }) => slot.toISOString()
    const complete = launched.filter(({ status }) => status === 'COMPLETED').map(textOf)
    const ran = await quickRuns()
    expect(ran).to.include.members(complete)
    expect(launched.map(textOf)).to.include.members([...ran])
    expect(complete.length).to.be.greaterThan(SECONDS / 2)
    const instances = await count(`from ${schema}.batch_job_instance where job_name = 'quick'`)
    expect(instances, 'instances that no slot names').to.equal(launched.length)
  })
})
