import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { cronSlots } from '../../src/scheduling/cron-slots.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import type { SchedulerSetting } from './scheduler-process.ts'

/** Longer by `BATCHWRIGHT_TEST_SCHEDULER_SECONDS`. */
const SECONDS = Number(process.env['BATCHWRIGHT_TEST_SCHEDULER_SECONDS'] ?? 15)
const PROCESSES = 3
const SETTLING_SECONDS = 45

interface Row {
  readonly slot: Date
  readonly outcome: string
  readonly detail: string | null
  readonly executions: string
  readonly status: string | null
}

describe('Three schedulers of one database that are killed at random', function () {
  this.timeout((SECONDS + SETTLING_SECONDS + 60) * 1000)
  let database: TestDatabase
  const schedulers: ChildProcess[] = []

  before(async () => {
    database = await testDatabase()
    await database.pool.query(
      `create table ${database.schema}.ran (job text, slot timestamptz, primary key (job, slot))`,
    )
  })

  after(async () => {
    for (const one of schedulers) one.kill('SIGKILL')
    await database.close()
  })

  async function start(place: number): Promise<void> {
    const child = fork(new URL('./scheduler-process.js', import.meta.url))
    schedulers[place] = child
    const setting: SchedulerSetting = { connection: database.connection, schema: database.schema }
    child.send(setting)
    await Promise.race([once(child, 'message'), once(child, 'exit')])
  }

  async function rowsOf(schedule: string): Promise<readonly Row[]> {
    const { schema } = database
    const { rows } = await database.pool.query<Row>(
      `select f.slot, f.outcome, f.detail, count(distinct e.job_instance_id)::text as executions,
          (array_agg(l.status order by l.job_execution_id desc))[1] as status
        from ${schema}.batch_schedule_fire f
        left join ${schema}.batch_job_execution e on e.job_execution_id = f.job_execution_id
        left join ${schema}.batch_job_execution l on l.job_instance_id = e.job_instance_id
        where f.schedule_name = $1 group by f.slot, f.outcome, f.detail order by f.slot`,
      [schedule],
    )
    return rows
  }

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

  /** Nothing runs, and nothing waits. */
  async function settled(): Promise<void> {
    const { schema } = database
    const end = Date.now() + SETTLING_SECONDS * 1000
    for (;;) {
      const waiting = await count(`from ${schema}.batch_schedule_fire
        where schedule_name = 'each-second' and outcome = 'QUEUED'`)
      const begun = await count(`from ${schema}.batch_job_execution
        where status = 'STARTED' and create_time < (clock_timestamp() at time zone 'utc') - interval '5 s'`)
      if (waiting + begun === 0) return
      if (Date.now() > end) throw new Error(`${waiting} slots wait and ${begun} executions are stuck`)
      await sleep(200)
    }
  }

  it('fire each slot once, or say why not, and leave no run behind', async () => {
    const places = Array.from({ length: PROCESSES }, (_, place) => place)
    await Promise.all(places.map(start))
    const from = new Date()
    const end = Date.now() + SECONDS * 1000
    let kills = 0
    while (Date.now() < end) {
      await sleep(200 + Math.random() * 1200)
      const place = Math.floor(Math.random() * PROCESSES)
      const victim = schedulers[place] as ChildProcess
      const gone = once(victim, 'exit')
      victim.kill('SIGKILL')
      await gone
      kills += 1
      await start(place)
    }
    await settled()
    const until = new Date(Date.now() - 3000)
    const gone = schedulers.map((one) => once(one, 'exit'))
    for (const one of schedulers) one.kill('SIGTERM')
    await Promise.all(gone)

    expect(kills).to.be.greaterThan(SECONDS / 5)
    const slots = [...cronSlots('* * * * * *', 'UTC').between(from, until)].map((slot) => slot.toISOString())
    for (const schedule of ['each-second', 'one-at-a-time']) {
      const rows = await rowsOf(schedule)
      const known = rows.map(({ slot }) => slot.toISOString())
      expect(
        slots.filter((slot) => !known.includes(slot)),
        `${schedule}: slots without a row`,
      ).to.deep.equal([])
      for (const { slot, outcome, detail, executions, status } of rows) {
        const what = `${schedule} ${slot.toISOString()} is ${outcome} (${detail})`
        if (outcome === 'FIRED') {
          expect(executions, what).to.equal('1')
          expect(status, what).to.equal('COMPLETED')
        } else if (outcome !== 'QUEUED') expect(detail, what).to.be.a('string').and.not.equal('')
      }
    }
    // A run that was stopped with the schedulers is QUEUED again, and may or may not have got to its work.
    const launched = (await rowsOf('each-second')).filter(({ executions }) => executions === '1')
    const fired = launched.filter(({ outcome }) => outcome === 'FIRED').map(({ slot }) => slot.toISOString())
    const ran = await quickRuns()
    expect(ran).to.include.members(fired)
    expect(launched.map(({ slot }) => slot.toISOString())).to.include.members([...ran])
    expect(fired.length).to.be.greaterThan(SECONDS / 2)
    const instances = await count(`from ${database.schema}.batch_job_instance where job_name = 'quick'`)
    expect(instances, 'instances that no slot names').to.equal(launched.length)
  })
})
