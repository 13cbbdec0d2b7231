import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import {
  countsOf,
  createTradeTable,
  fingerprintOf,
  importTrades,
  tradeBatch,
  writeTradeFile,
} from './trade-import.ts'

const ROWS = 20_000
const LEASE = 2_000

describe('A process that freezes between the write and the commit of a chunk', () => {
  let database: TestDatabase
  let folder: string

  before(async () => {
    database = await testDatabase()
    folder = await mkdtemp(join(tmpdir(), 'batchwright-frozen-'))
    await writeTradeFile(join(folder, 'trades.csv'), ROWS)
    for (const table of ['calm', 'frozen']) {
      await database.pool.query(createTradeTable(`${database.schema}.${table}`))
      await database.pool.query(`alter table ${database.schema}.${table} add primary key (id)`)
    }
  })

  after(async () => {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('is taken over when its lease has run out, blocks nobody, and cannot commit when it wakes', async function () {
    this.timeout(60_000)
    await load('calm')
    const child = freezeAfterChunk(10)
    await untilFrozen(child.pid)
    const early = await load('frozen').catch((error: unknown) => error)
    expect(isBatchError(early, 'JOB_EXECUTION_ALREADY_RUNNING')).to.equal(true)
    expect((early as Error).message).to.contain(`pid ${child.pid}`)

    await sleep(LEASE + 500)
    const begun = Date.now()
    const taken = await load('frozen')
    expect(taken.recovered).to.equal(taken.restartOf)
    expect(taken.status).to.equal('COMPLETED')
    expect(Date.now() - begun, 'milliseconds that the frozen transaction held up its successor').to.be.below(
      10_000,
    )

    child.kill('SIGCONT')
    expect(await text(child.stdout)).to.contain('ended LEASE_LOST')
    const [calm, frozen] = await Promise.all(
      ['calm', 'frozen'].map((table) => resultOf(`${database.schema}.${table}`)),
    )
    expect(frozen).to.deep.equal(calm)
  })

  async function load(table: string) {
    const batch = await tradeBatch({ connection: database.connection, schema: database.schema }, LEASE)
    try {
      const parameters = { file: join(folder, 'trades.csv'), table: `${database.schema}.${table}` }
      const { ended, recovered, restartOf } = await batch.operator.start(importTrades, parameters)
      return { status: (await ended).execution.status, recovered, restartOf }
    } finally {
      await batch.close()
    }
  }

  function freezeAfterChunk(freezeAtChunk: number) {
    // The server's own timeout must not be what ends the frozen transaction: that is for whoever takes over.
    const patient = { ...database.connection, idle_in_transaction_session_timeout: 60_000 }
    const order = {
      repository: { connection: patient, schema: database.schema },
      file: join(folder, 'trades.csv'),
      table: `${database.schema}.frozen`,
      leaseMilliseconds: LEASE,
      freezeAtChunk,
    }
    const script = new URL('./freezing-process.js', import.meta.url).pathname
    return spawn(process.execPath, [script, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] })
  }

  async function resultOf(table: string) {
    return {
      load: await fingerprintOf(database.pool, table),
      counts: await countsOf(database.pool, database.schema, table),
    }
  }
})

/** T in the third field of its stat: stopped by a signal. */
async function untilFrozen(pid: number | undefined): Promise<void> {
  while (!/\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await sleep(10)
}
