import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'

const BRANCHES = ['left', 'middle', 'right']
const ITEMS = 600

describe('A split whose process is killed in one branch', () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
    // No key on purpose: a row that is written twice must show.
    await database.pool.query(`create table ${database.schema}.item (branch text, n integer)`)
  })

  after(() => database.close())

  function run(killAt: number | null) {
    const order = {
      repository: { connection: database.connection, schema: database.schema },
      table: `${database.schema}.item`,
      killAt,
    }
    const script = new URL('./killed-split-process.js', import.meta.url).pathname
    return spawnSync(process.execPath, [script, JSON.stringify(order)], { encoding: 'utf8' })
  }

  it('is restarted in every branch behind its last commit: each row once, and the counts of an uninterrupted run', async function () {
    this.timeout(60_000)
    for (const killAt of [0, 95, 340, 599])
      expect(run(killAt).signal, `killed at ${killAt}`).to.equal('SIGKILL')
    const last = run(null)
    expect(last.status, last.stderr).to.equal(0)
    const rows = await database.pool.query(
      `select branch, count(*)::int as rows, count(distinct n)::int as different from ${database.schema}.item
        group by 1 order by 1`,
    )
    expect(rows.rows).to.deep.equal(BRANCHES.map((branch) => ({ branch, rows: ITEMS, different: ITEMS })))
    const counts = await database.pool.query(
      `select step_name as branch, sum(read_count)::int as reads, sum(write_count)::int as writes,
          count(*) filter (where status = 'COMPLETED')::int as completed
        from ${database.schema}.batch_step_execution where step_name <> 'after' group by 1 order by 1`,
    )
    expect(counts.rows).to.deep.equal(
      BRANCHES.map((branch) => ({ branch, reads: ITEMS, writes: ITEMS, completed: 1 })),
    )
    const executions = await database.pool.query(
      `select status, count(*)::int as count from ${database.schema}.batch_job_execution group by 1 order by 1`,
    )
    expect(executions.rows).to.deep.equal([
      { status: 'COMPLETED', count: 1 },
      { status: 'FAILED', count: 4 },
    ])
  })
})
