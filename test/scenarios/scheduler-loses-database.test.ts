import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { createBatch } from '../../src/create-batch.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { cronSlots } from '../../src/scheduling/cron-slots.ts'
import { defineSchedule } from '../../src/scheduling/define-schedule.ts'
import { createScheduler } from '../../src/scheduling/scheduler.ts'
import type { SchedulerObserver } from '../../src/scheduling/scheduler-parts.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { type WireProxy, wireProxy } from '../repository/postgres/wire-proxy.ts'

const LEASE = 2000
const OUTAGE = 4000

const job = defineJob({
  name: 'noted',
  parameters: z.object({ slot: z.iso.datetime() }),
  steps: (step) => ({ only: step.tasklet(() => {}) }),
})

const schedule = defineSchedule({
  name: 'each-second',
  job,
  cron: '* * * * * *',
  timezone: 'UTC',
  overlap: 'allow',
  parameters: ({ slot }) => ({ slot: slot.toISOString() }),
})

describe('A scheduler that loses its database', () => {
  let database: TestDatabase
  let proxy: WireProxy

  beforeEach(async () => {
    database = await testDatabase()
    proxy = await wireProxy(database.connection)
  })

  afterEach(async () => {
    await proxy.close()
    await database.close()
  })

  async function open(observer: SchedulerObserver = {}) {
    const repository = await postgresRepository({
      connection: proxy.connection,
      schema: database.schema,
      leaseMilliseconds: LEASE,
    })
    const batch = createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
    const scheduler = await createScheduler(batch, [schedule], { observer })
    return {
      close: async () => {
        await scheduler.drain('a test')
        await batch.close()
      },
    }
  }

  interface Row {
    readonly slot: Date
    readonly outcome: string
    readonly firedAt: Date
    readonly status: string
  }

  async function rows(): Promise<readonly Row[]> {
    const { schema } = database
    const found = await database.pool.query<Row>(
      `select f.slot, f.outcome, f.fired_at as "firedAt",
          (select l.status from ${schema}.batch_job_execution e
            join ${schema}.batch_job_execution l on l.job_instance_id = e.job_instance_id
            where e.job_execution_id = f.job_execution_id order by l.job_execution_id desc limit 1) as status
        from ${schema}.batch_schedule_fire f order by f.slot`,
    )
    return found.rows
  }

  async function until(holds: (found: readonly Row[]) => boolean): Promise<readonly Row[]> {
    for (;;) {
      const found = await rows()
      if (holds(found)) return found
      await sleep(50)
    }
  }

  function complete(found: readonly Row[]): readonly string[] {
    return found.filter(({ status }) => status === 'COMPLETED').map(({ slot }) => slot.toISOString())
  }

  it('fires nothing until it is back, and then every slot of the time once', async () => {
    const events = new EventTarget()
    const tell = (name: string) => () => void events.dispatchEvent(new Event(name))
    const scheduler = await open({ repositoryLost: tell('lost'), repositoryBack: tell('back') })
    const [first] = await until((found) => complete(found).length > 1)
    const lost = once(events, 'lost')
    proxy.refuseConnections()
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
    await lost
    const from = new Date()
    await sleep(OUTAGE)
    const back = once(events, 'back')
    const to = new Date()
    proxy.acceptConnections()
    await back
    const slots = [...cronSlots('* * * * * *', 'UTC').between(first?.slot ?? from, to)]
    const missing = (found: readonly Row[]) => {
      const known = new Set(found.map(({ slot }) => slot.getTime()))
      return slots.filter((slot) => !known.has(slot.getTime()))
    }
    const after = await until((found) => missing(found).length === 0)
    await scheduler.close()
    expect(after.filter(({ firedAt }) => firedAt > from && firedAt < to)).to.deep.equal([])
    expect(after.filter(({ outcome }) => outcome !== 'FIRED')).to.deep.equal([])
  })

  it('runs what it has launched without having learnt of it', async () => {
    const scheduler = await open()
    await until((found) => complete(found).length > 0)
    const { length } = await rows()
    for (let losses = 0; losses < 3; losses += 1) {
      proxy.loseNextAnswerTo('insert into')
      proxy.loseNextCommitAnswer()
      const known = (await rows()).length
      await until((found) => found.length > known + 1)
    }
    const begun = (await rows()).slice(0, length + 4).map(({ slot }) => slot.toISOString())
    await until((found) => begun.every((slot) => complete(found).includes(slot)))
    await scheduler.close()
    const { rows: instances } = await database.pool.query(
      `select job_instance_id from ${database.schema}.batch_job_execution
        where status = 'COMPLETED' group by job_instance_id having count(*) > 1`,
    )
    expect(instances).to.deep.equal([])
  })
})
