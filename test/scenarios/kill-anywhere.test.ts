import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { countsOf, createTradeTable, fingerprintOf, writeTradeFile } from './trade-import.ts'

const ROWS = 200_000
const CHUNKS = ROWS / 500
/** The developer's run kills less often; `.ci/run` asks for fifty. */
const KILLS = Number(process.env['BATCHWRIGHT_TEST_KILLS'] ?? 3)

describe(`An import of ${ROWS} rows that is killed ${KILLS} times`, () => {
  let database: TestDatabase
  let folder: string
  let file: string

  before(async () => {
    database = await testDatabase()
    folder = await mkdtemp(join(tmpdir(), 'batchwright-kill-'))
    file = join(folder, 'trades.csv')
    await writeTradeFile(file, ROWS)
    for (const table of ['uninterrupted', 'killed'])
      await database.pool.query(createTradeTable(`${database.schema}.${table}`))
  })

  after(async () => {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('ends with the same rows and the same counts as one that nobody disturbed', async function () {
    this.timeout(60_000 + KILLS * 10_000)
    expect(await exitOf(importInto('uninterrupted'))).to.equal(0)
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const child = importInto('killed')
      const finished = once(child, 'exit')
      const chunks = await chunksBefore(KILLS - kill)
      await (kill % 3 === 0
        ? Promise.race([sleep(Math.random() * 900), untilCommitted(child, 1)])
        : untilCommitted(child, chunks))
      child.kill('SIGKILL')
      await finished
    }
    expect(await exitOf(importInto('killed'))).to.equal(0)
    const [uninterrupted, killed] = await Promise.all(
      ['uninterrupted', 'killed'].map((table) => resultOf(table)),
    )
    expect(killed?.load).to.deep.equal(uninterrupted?.load)
    expect(killed?.counts).to.deep.equal(uninterrupted?.counts)
    expect(killed?.counts).to.deep.equal({
      readCount: ROWS,
      writeCount: ROWS * 0.9,
      filterCount: ROWS * 0.1,
      commitCount: CHUNKS,
    })
    const failed = await failures()
    expect(failed).to.be.at.most(KILLS)
    expect(failed, 'kills that hit a recorded execution').to.be.at.least(KILLS - Math.floor(KILLS / 3))
  })

  /**
   * Spread by progress, so that the kills hit the file's beginning, its middle and its end: a random part of what is left
   * for each kill. Every third kill comes at a random time instead, most often while the process starts and launches.
   */
  async function chunksBefore(killsLeft: number): Promise<number> {
    const { commitCount } = await countsOf(database.pool, database.schema, `${database.schema}.killed`)
    const share = (CHUNKS - (commitCount ?? 0)) / (killsLeft + 1)
    return Math.max(1, Math.floor(share * (0.3 + Math.random() * 0.5)))
  }

  function importInto(table: string): ChildProcess {
    const order = {
      repository: { connection: database.connection, schema: database.schema },
      file,
      table: `${database.schema}.${table}`,
    }
    const script = new URL('./import-process.js', import.meta.url).pathname
    return spawn(process.execPath, [script, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] })
  }

  async function resultOf(table: string) {
    const name = `${database.schema}.${table}`
    return {
      load: await fingerprintOf(database.pool, name),
      counts: await countsOf(database.pool, database.schema, name),
    }
  }

  async function failures(): Promise<number> {
    const { rows } = await database.pool.query<{ failed: number }>(
      `select count(*)::int as failed from ${database.schema}.batch_job_execution where status = 'FAILED'`,
    )
    return rows[0]?.failed ?? 0
  }
})

async function exitOf(child: ChildProcess): Promise<unknown> {
  child.stdout?.resume()
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

/** Returns also when the process has ended before: then there was nothing left to kill. */
async function untilCommitted(child: ChildProcess, chunks: number): Promise<void> {
  if (child.stdout === null) throw new Error('its output is not piped')
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === `committed ${chunks}`) return
  }
}
