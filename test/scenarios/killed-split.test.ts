import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'

const BRANCHES = ['left', 'middle', 'right']
const ITEMS = 600
const KILLS = [0, 95, 340, 599]

describe('A split whose process is killed in one branch', () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
  })

  after(() => database.close())

  function run(table: string, asStep: boolean, killAt: number | null) {
    const repository = { connection: database.connection, schema: database.schema }
    const order = { repository, table, killAt, asStep }
    const script = new URL('./killed-split-process.js', import.meta.url).pathname
    return spawnSync(process.execPath, [script, JSON.stringify(order)], { encoding: 'utf8' })
  }

  async function killAndFinish(table: string, asStep: boolean): Promise<void> {
    // No key on purpose: a row that is written twice must show.
    await database.pool.query(`create table ${table} (branch text, n integer)`)
    for (const killAt of KILLS)
      expect(run(table, asStep, killAt).signal, `killed at ${killAt}`).to.equal('SIGKILL')
    const last = run(table, asStep, null)
    expect(last.status, last.stderr).to.equal(0)
    const rows = await database.pool.query(
      `select branch, count(*)::int as rows, count(distinct n)::int as different from ${table} group by 1 order by 1`,
    )
    expect(rows.rows).to.deep.equal(BRANCHES.map((branch) => ({ branch, rows: ITEMS, different: ITEMS })))
    const counts = await database.pool.query(
      `select step_name as branch, sum(read_count)::int as reads, sum(write_count)::int as writes,
          count(*) filter (where status = 'COMPLETED')::int as completed
        from ${database.schema}.batch_step_execution s
        join ${database.schema}.batch_job_execution_params p using (job_execution_id)
        where p.parameter_value = $1 and step_name not in ('after', 'child') group by 1 order by 1`,
      [table],
    )
    expect(counts.rows).to.deep.equal(
      BRANCHES.map((branch) => ({ branch, reads: ITEMS, writes: ITEMS, completed: 1 })),
    )
  }

  async function executionsOf(table: string): Promise<unknown> {
    const { rows } = await database.pool.query(
      `select i.job_name as job, status, count(*)::int as count, count(distinct i.job_instance_id)::int as instances
        from ${database.schema}.batch_job_execution e
        join ${database.schema}.batch_job_instance i using (job_instance_id)
        join ${database.schema}.batch_job_execution_params p using (job_execution_id)
        where p.parameter_value = $1 group by 1, 2 order by 1, 2`,
      [table],
    )
    return rows
  }

  it('is restarted in every branch behind its last commit: each row once, and the counts of an uninterrupted run', async function () {
    this.timeout(60_000)
    const table = `${database.schema}.item`
    await killAndFinish(table, false)
    expect(await executionsOf(table)).to.deep.equal([
      { job: 'split', status: 'COMPLETED', count: 1, instances: 1 },
      { job: 'split', status: 'FAILED', count: 4, instances: 1 },
    ])
  })

  it('is restarted with the job that runs it as a step, in the same instance', async function () {
    this.timeout(60_000)
    const table = `${database.schema}.item_of_child`
    await killAndFinish(table, true)
    expect(await executionsOf(table)).to.deep.equal([
      { job: 'parent', status: 'COMPLETED', count: 1, instances: 1 },
      { job: 'parent', status: 'FAILED', count: 4, instances: 1 },
      { job: 'split', status: 'COMPLETED', count: 1, instances: 1 },
      { job: 'split', status: 'FAILED', count: 4, instances: 1 },
    ])
  })
})
