import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { cronSlots } from '../../src/scheduling/cron-slots.ts'
import { freePort } from '../cli/served.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { ledgerFaults, ledgerOf, unfinished } from './fire-ledger.ts'
import { type RestlessProcesses, restlessProcesses } from './restless-processes.ts'
import type { SchedulerSetting } from './scheduler-process.ts'
import { ROWS, type ServedSetting } from './served-project.ts'

/** Longer by `BATCHWRIGHT_TEST_SERVER_SECONDS`. */
const SECONDS = Number(process.env['BATCHWRIGHT_TEST_SERVER_SECONDS'] ?? 15)
const SETTLING_SECONDS = 90
const SCHEDULES = ['each-second', 'one-at-a-time']
const GIVEN_UP_AFTER = 4

interface LaunchedRun {
  readonly run: string
  /** Of the latest execution first; RECOVERED where it had lost its process. */
  readonly statuses: readonly string[]
  readonly rows: number
  readonly written: number
}

describe('Two schedulers and a server of one database that are killed at random', function () {
  this.timeout((SECONDS + SETTLING_SECONDS + 60) * 1000)
  let database: TestDatabase
  let port = 0
  let processes: RestlessProcesses | undefined

  before(async () => {
    database = await testDatabase()
    port = await freePort()
    const { pool, schema } = database
    await pool.query(
      `create table ${schema}.ran (job text, slot timestamptz, primary key (job, slot));
       create table ${schema}.loaded (id integer, run text)`,
    )
  })
  after(async () => {
    processes?.killAll()
    await database.close()
  })

  async function query<R extends object>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly R[]> {
    const { pool, schema } = database
    return (await pool.query<R>(sql.replaceAll('@', `${schema}.`), [...values])).rows
  }

  /** Asks until it is answered, each time with the same key, as a client does that must not launch twice. */
  async function launch(run: string, over: AbortSignal): Promise<boolean> {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': run }
    const body = JSON.stringify({ parameters: { run } })
    while (!over.aborted) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/jobs/load/executions`, {
        method: 'POST',
        headers,
        body,
      }).catch(() => undefined)
      if (answer?.ok === true) return true
      if (answer !== undefined && ![429, 503].includes(answer.status))
        throw new Error(`${answer.status}: ${await answer.text()}`)
      await sleep(100)
    }
    return false
  }

  async function launchAllAlong(over: AbortSignal): Promise<readonly string[]> {
    const launched: string[] = []
    const client = async (name: string) => {
      for (let n = 1; !over.aborted; n += 1)
        if (await launch(`${name}${n}`, over)) launched.push(`${name}${n}`)
    }
    await Promise.all(['a', 'b'].map(client))
    return launched
  }

  /** Processes of the pool, while they run something. */
  async function killPoolProcesses(over: AbortSignal): Promise<number> {
    let kills = 0
    for (; !over.aborted;) {
      await sleep(2_000 + Math.random() * 3_000)
      const [owner] = await query<{ pid: number }>(
        `select o.pid from @batch_job_execution e
          join @batch_job_execution_owner o using (job_execution_id)
          join @batch_job_execution_launch l using (job_execution_id)
          where e.status = 'STARTED' and l.runner = 'server' order by random() limit 1`,
      )
      if (owner === undefined || over.aborted) continue
      try {
        process.kill(owner.pid, 'SIGKILL')
        kills += 1
      } catch {
        // It has ended by itself.
      }
    }
    return kills
  }

  function runs(): Promise<readonly LaunchedRun[]> {
    return query<LaunchedRun>(
      `select p.parameter_value as run, array_agg(
            case when exists (select 1 from @batch_job_execution_action a
              where a.job_execution_id = e.job_execution_id and a.action = 'recover')
            then 'RECOVERED' else e.status::text end order by e.job_execution_id desc) as statuses,
          (select count(*)::int from @loaded r where r.run = p.parameter_value) as rows,
          coalesce((select sum(s.write_count)::int from @batch_step_execution s
            join @batch_job_execution_params q using (job_execution_id)
            where q.parameter_name = 'run' and q.parameter_value = p.parameter_value), 0) as written
        from @batch_job_execution e
        join @batch_job_execution_params p using (job_execution_id)
        where p.parameter_name = 'run' group by p.parameter_value`,
    )
  }

  /** Whose process has died too often in a row is left to a person, and is settled so. */
  function isSettled({ statuses }: LaunchedRun): boolean {
    return (
      statuses[0] === 'COMPLETED' ||
      (statuses.length >= GIVEN_UP_AFTER &&
        statuses.slice(0, GIVEN_UP_AFTER).every((status) => status === 'RECOVERED'))
    )
  }

  async function settled(): Promise<void> {
    const now = new Date()
    const end = Date.now() + SETTLING_SECONDS * 1000
    for (;;) {
      const open = (await ledgerOf(database, 'each-second')).filter(({ slot }) => slot < now)
      const waiting = unfinished(open)
      const unsettled = (await runs()).filter((run) => !isSettled(run))
      if (waiting + unsettled.length === 0) return
      if (Date.now() > end)
        throw new Error(`${waiting} slots wait, and ${JSON.stringify(unsettled)} are stuck`)
      await sleep(200)
    }
  }

  it('launch nothing twice, lose nothing, and leave nothing stuck; each row is written and counted once', async () => {
    const { connection, schema } = database
    const scheduling: SchedulerSetting = { connection, schema }
    const serving: ServedSetting = { connection, schema, port }
    const scheduler = { module: new URL('./scheduler-process.js', import.meta.url), setting: scheduling }
    const server = { module: new URL('./server-process.js', import.meta.url), setting: serving }
    processes = await restlessProcesses([scheduler, scheduler, server])
    const from = new Date()
    const over = new AbortController()
    const launching = launchAllAlong(over.signal)
    const killing = killPoolProcesses(over.signal)
    const { kills } = await processes.killFor(SECONDS)
    over.abort()
    const launched = await launching
    const poolKills = await killing
    await settled()
    const until = new Date(Date.now() - 3000)
    await processes.end()

    expect(kills).to.be.greaterThan(SECONDS / 6)
    expect(poolKills).to.be.greaterThan(0)
    const slots = [...cronSlots('* * * * * *', 'UTC').between(from, until)]
    for (const schedule of SCHEDULES)
      expect(ledgerFaults(slots, await ledgerOf(database, schedule)), schedule).to.deep.equal([])

    const all = await runs()
    expect(all.map(({ run }) => run)).to.include.members([...launched])
    expect(launched.length).to.be.greaterThan(SECONDS / 4)
    const complete = all.filter(({ statuses }) => statuses[0] === 'COMPLETED')
    const wrong = complete.filter(({ rows, written }) => rows !== ROWS || written !== ROWS)
    expect(wrong, 'runs whose rows are not each there once').to.deep.equal([])
    const twice = await query('select run, id from @loaded group by run, id having count(*) > 1')
    expect(twice).to.deep.equal([])
    const instances = await query(
      `select 1 from @batch_job_instance where job_name = 'load' and job_instance_id not in
        (select job_instance_id from @batch_job_execution)`,
    )
    expect(instances).to.deep.equal([])
  })
})
