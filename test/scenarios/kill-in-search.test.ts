import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'

const ROWS = 3_000
const SIZE = 1_000
const BAD = [5, 333, 334, 999, 1_000, 1_700, 2_222, 2_998, 2_999]
/** By the number of parts that the process has begun to write: in the search of the first chunk and of those behind it. */
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
    for (const parts of KILLS) {
      const child = load()
      await untilParts(child, parts)
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const last = load()
    last.stderr?.pipe(process.stderr)
    await once(last, 'exit')
    expect(last.exitCode).to.equal(0)
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

  function load(): ChildProcess {
    const repository = { connection: database.connection, schema: database.schema }
    const order = JSON.stringify({ repository, table, rows: ROWS, size: SIZE })
    return spawn(process.execPath, ['dist/test/scenarios/bad-rows-process.js', order], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
})

async function untilParts(child: ChildProcess, parts: number): Promise<void> {
  let seen = 0
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream }))
    if (line === 'part' && ++seen === parts) return
  throw new Error(`the process has ended after ${seen} parts`)
}
