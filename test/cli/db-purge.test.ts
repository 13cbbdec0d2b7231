import { expect } from 'chai'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { command, environmentOf, JOBS, jsonOf } from './command.ts'
import { commandHere } from './command-here.ts'

describe('batchwright db purge', () => {
  let database: TestDatabase
  let environment: Readonly<Record<string, string>>

  before(async () => {
    database = await testDatabase()
    environment = environmentOf(database)
    for (const to of [1, 2, 3]) await ran('count', `to=${to}`)
    await ran('failing')
    // As if all this had happened long ago, but for the last.
    await database.pool.query(
      `update ${database.schema}.batch_job_execution set end_time = end_time - interval '100 days'`,
    )
    await ran('count', 'to=4')
  })
  after(() => database.close())

  const ran = (...args: string[]) => command(['run', '--jobs', JOBS, ...args], { environment })
  const purge = (...args: string[]) => commandHere(['db', 'purge', ...args], { environment })

  async function rows(): Promise<Readonly<Record<string, number>>> {
    const { schema, pool } = database
    const { rows: tables } = await pool.query<{ name: string }>(
      `select table_name as name from information_schema.tables
        where table_schema = $1 and table_type = 'BASE TABLE' and table_name <> 'batch_batchwright_migration'`,
      [schema],
    )
    const counts: Record<string, number> = {}
    for (const { name } of tables) {
      const { rows: found } = await pool.query<{ count: string }>(`select count(*) from ${schema}.${name}`)
      counts[name] = Number(found[0]?.count)
    }
    return counts
  }

  it('says what it would delete, and deletes nothing', async () => {
    const before = await rows()
    const { exitCode, stdout } = await purge('--older-than', '90d', '--keep-last', '0', '--dry-run')
    expect(exitCode).to.equal(0)
    expect(stdout).to.match(/^job +instances +executions +steps +quarantined\ncount +3 +3 +6 +0\n/)
    expect(stdout).to.match(/\nwould delete 3 instances that ended before .*: 3 executions, 6 steps\n$/)
    expect(await rows()).to.deep.equal(before)
  })

  it('keeps the last of each job, ten unless it is told otherwise', async () => {
    const { exitCode, stdout } = await purge('--older-than', '90d')
    expect(exitCode).to.equal(0)
    expect(stdout).to.match(/^nothing to delete that ended before /)
  })

  it('deletes what is old and over, and leaves no row of it in any table', async () => {
    const end = await purge('--older-than', '90d', '--keep-last', '0', '--job', 'count', '--json')
    expect(end.exitCode).to.equal(0)
    expect(jsonOf(end)).to.deep.include({
      total: { instances: 3, executions: 3, steps: 6, quarantined: 0 },
      dryRun: false,
      stopped: false,
    })
    const counts = await rows()
    expect(counts['batch_job_instance']).to.equal(2)
    expect(counts['batch_job_execution']).to.equal(2)
    // One execution of `count` with two steps, one of `failing` with one.
    expect(counts['batch_step_execution']).to.equal(3)
    expect(counts['batch_step_execution_context']).to.equal(3)
    for (const name of ['context', 'owner', 'heartbeat', 'definition', 'action'])
      expect(counts[`batch_job_execution_${name}`], name).to.equal(2)
    expect(counts['batch_step_reconciliation']).to.equal(1)
  })

  it('deletes what has failed only when that is asked for', async () => {
    await purge('--older-than', '90d', '--keep-last', '0')
    expect((await rows())['batch_job_instance']).to.equal(2)
    const end = await purge('--older-than', '90d', '--keep-last', '0', '--statuses', 'FAILED,STOPPED')
    expect(end.stdout).to.match(/^job +instances +executions +steps +quarantined\nfailing +1 +1 +1 +0\n/)
    expect((await rows())['batch_job_instance']).to.equal(1)
  })

  it('refuses with 2 what it does not understand, and to do it without an age', async () => {
    const mistakes = [
      { args: [], said: '--older-than' },
      { args: ['--older-than', '90'], said: 'a number with its unit' },
      { args: ['--older-than', '90d', '--keep-last', '-1'], said: 'a whole number from 0 on' },
      {
        args: ['--older-than', '90d', '--statuses', 'STARTED'],
        said: '"STARTED" is none; name of COMPLETED',
      },
    ]
    for (const { args, said } of mistakes) {
      const { exitCode, stderr } = await purge(...args)
      expect({ args, exitCode }).to.deep.equal({ args, exitCode: 2 })
      expect(stderr).to.include(said)
    }
  })
})
