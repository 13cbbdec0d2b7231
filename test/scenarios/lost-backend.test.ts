import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import {
  countsOf,
  createTradeTable,
  fingerprintOf,
  importTrades,
  tradeBatch,
  writeTradeFile,
} from './trade-import.ts'

const ROWS = 200_000
const LOSSES = 12

describe('An import whose database connection is terminated at random moments', () => {
  let database: TestDatabase
  let folder: string

  before(async () => {
    database = await testDatabase()
    folder = await mkdtemp(join(tmpdir(), 'batchwright-loss-'))
    await writeTradeFile(join(folder, 'trades.csv'), ROWS)
    for (const table of ['undisturbed', 'disturbed'])
      await database.pool.query(createTradeTable(`${database.schema}.${table}`))
  })

  after(async () => {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('loads what an undisturbed one loads, whether a loss is mended on the spot or fails the execution', async function () {
    this.timeout(120_000)
    expect((await load('undisturbed')).status).to.equal('COMPLETED')
    let losses = 0
    let status = ''
    while (status !== 'COMPLETED') {
      const ended = new AbortController()
      const cutting = cutWhileRunning(LOSSES - losses, ended.signal)
      const ending = await load('disturbed').finally(() => ended.abort())
      losses += await cutting
      status = ending.status
      if (status !== 'COMPLETED') expect(ending).to.deep.include({ status: 'FAILED' })
      if (status !== 'COMPLETED') expect(ending.exitDescription).to.contain('REPOSITORY_UNAVAILABLE')
    }
    expect(losses, 'connections that were cut').to.be.at.least(3)
    const results = await Promise.all(
      ['undisturbed', 'disturbed'].map((table) => resultOf(`${database.schema}.${table}`)),
    )
    expect(results[1]).to.deep.equal(results[0])
  })

  async function load(table: string): Promise<{ status: string; exitDescription: string }> {
    const batch = await tradeBatch({ connection: database.connection, schema: database.schema })
    try {
      const parameters = { file: join(folder, 'trades.csv'), table: `${database.schema}.${table}` }
      const started = await batch.operator.start(importTrades, parameters)
      const { execution } = await started.ended
      return { status: execution.status, exitDescription: execution.exitStatus.exitDescription }
    } finally {
      await batch.close()
    }
  }

  /** Cuts the step's connection at random moments, between two chunks or within one; answers how often it did. */
  async function cutWhileRunning(most: number, ended: AbortSignal): Promise<number> {
    let cut = 0
    while (cut < most && !ended.aborted) {
      await sleep(20 + Math.random() * 100)
      const { rows } = await database.pool.query<{ done: boolean }>(
        `select pg_terminate_backend(backend_pid) as done from ${database.schema}.batch_step_execution_backend`,
      )
      cut += rows.filter(({ done }) => done).length
    }
    return cut
  }

  async function resultOf(table: string) {
    return {
      load: await fingerprintOf(database.pool, table),
      counts: await countsOf(database.pool, database.schema, table),
    }
  }
})
