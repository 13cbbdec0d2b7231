import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'

const ROWS = 3_000
const SIZE = 1_000
const BAD = [5, 333, 334, 999, 1_000, 1_700, 2_222, 2_998, 2_999]
/** At which part that a process writes: in the search of the first chunk and of those behind it. */
const KILLS = [3, 9, 22, 14]

describe('A search for bad rows that is killed in its middle', () => {
  let database: TestDatabase
  let table: string

  before(async () => {
    database = await testDatabase()
    table = `${database.schema}.target`
    await database.pool.query(`create table ${table} (id integer check (id <> all ('{${BAD.join(',')}}')))`)
  })

  after(() => database.close())

  it('loses nothing and doubles nothing: rows, counts and quarantine are those of one that nobody disturbed', async function () {
    this.timeout(60_000)
    for (const killedAtPart of KILLS) expect(await endOfLoad(killedAtPart)).to.deep.equal([null, 'SIGKILL'])
    expect(await endOfLoad()).to.deep.equal([0, null])
    const good = Array.from({ length: ROWS }, (_, id) => id).filter((id) => !BAD.includes(id))
    const { rows } = await database.pool.query<{ id: number }>(`select id from ${table} order by id`)
    expect(rows.map(({ id }) => id)).to.deep.equal(good)
    expect(await countsOf()).to.deep.equal({
      executions: KILLS.length + 1,
      read: ROWS,
      written: ROWS - BAD.length,
      skipped: BAD.length,
      commits: ROWS / SIZE,
    })
    expect(await quarantined()).to.deep.equal(BAD.map((id) => ({ id: String(id + 1), type: '23514' })))
  })

  async function countsOf(): Promise<unknown> {
    const { rows } = await database.pool.query(
      `select count(*)::int as executions, sum(read_count)::int as read, sum(write_count)::int as written,
              sum(write_skip_count)::int as skipped, sum(commit_count)::int as commits
         from ${database.schema}.batch_step_execution`,
    )
    return rows[0]
  }

  async function quarantined(): Promise<unknown> {
    const { rows } = await database.pool.query(
      `select position ->> 'item' as id, error_type as type from ${database.schema}.batch_quarantine
        order by (position ->> 'item')::int`,
    )
    return rows
  }

  function endOfLoad(killedAtPart?: number): Promise<unknown[]> {
    const repository = { connection: database.connection, schema: database.schema }
    const order = JSON.stringify({ repository, table, rows: ROWS, size: SIZE, killedAtPart })
    const program = ['dist/test/scenarios/bad-rows-process.js', order]
    return once(spawn(process.execPath, program, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')
  }
})
