import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
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

const ROWS = 60_000
const CUTS = 12
const LEASE = 2_000

describe('An import whose sessions are all terminated at random moments, those of its metadata and heartbeat too', () => {
  let database: TestDatabase
  let folder: string

  before(async () => {
    database = await testDatabase()
    folder = await mkdtemp(join(tmpdir(), 'batchwright-sessions-'))
    await writeTradeFile(join(folder, 'trades.csv'), ROWS)
    for (const table of ['undisturbed', 'disturbed'])
      await database.pool.query(createTradeTable(`${database.schema}.${table}`))
  })

  after(async () => {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('is mended or fails cleanly, and in the end has loaded what an undisturbed one loads', async function () {
    this.timeout(180_000)
    expect(await load('undisturbed')).to.equal('COMPLETED')
    const over = new AbortController()
    const cutting = cutAll(over.signal)
    const endings = ['none']
    while (endings.at(-1) !== 'COMPLETED') {
      endings.push(await load('disturbed'))
      // An end that could not be recorded leaves an execution that looks running until its lease is over.
      if (endings.at(-1) === 'JOB_EXECUTION_ALREADY_RUNNING') await sleep(LEASE / 4)
    }
    over.abort()
    expect(await cutting, 'sessions that were cut').to.be.at.least(3)
    const known = [
      'none',
      'COMPLETED',
      'FAILED',
      'REPOSITORY_UNAVAILABLE',
      'JOB_EXECUTION_ALREADY_RUNNING',
      'LEASE_LOST',
    ]
    expect(known).to.include.members(endings)
    const [calm, cut] = await Promise.all(['undisturbed', 'disturbed'].map((table) => resultOf(table)))
    expect(cut).to.deep.equal(calm)
    const { rows } = await database.pool.query(
      `select status from ${database.schema}.batch_step_execution where status not in ('COMPLETED', 'FAILED')`,
    )
    expect(rows, 'no step is left open').to.deep.equal([])
  })

  /** How it ended, or why it was not begun. */
  async function load(table: string): Promise<string> {
    const { connection, schema } = database
    try {
      await using batch = await tradeBatch({ connection, schema, leaseMilliseconds: LEASE }, LEASE)
      const parameters = { file: join(folder, 'trades.csv'), table: `${schema}.${table}` }
      const started = await batch.operator.start(importTrades, parameters)
      return (await started.ended).execution.status
    } catch (error) {
      if (isBatchError(error)) return error.code
      throw error
    }
  }

  async function cutAll(over: AbortSignal): Promise<number> {
    let cut = 0
    for (let turn = 0; turn < CUTS && !over.aborted; turn += 1) {
      await sleep(30 + Math.random() * 150)
      const { rows } = await database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'batchwright%'`,
      )
      cut += rows.length
    }
    return cut
  }

  async function resultOf(table: string) {
    const name = `${database.schema}.${table}`
    return {
      load: await fingerprintOf(database.pool, name),
      counts: await countsOf(database.pool, database.schema, name),
    }
  }
})
