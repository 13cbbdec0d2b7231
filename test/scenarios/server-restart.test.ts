import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Pool } from 'pg'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { homeAt } from '../../src/repository/embedded/home.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/repository/embedded/index.ts'
import { findPostmaster } from '../../src/repository/embedded/postmaster.ts'
import { migrateRepository } from '../../src/repository/postgres/index.ts'
import { gate } from '../core/items.ts'
import { makeProject, removeProject } from '../repository/embedded/project-folder.ts'
import {
  countsOf,
  createTradeTable,
  fingerprintOf,
  importTrades,
  tradeBatch,
  writeTradeFile,
} from './trade-import.ts'

const ROWS = 60_000
const LEASE = 2_000

describe('An import whose Postgres server goes down and comes back at random moments', () => {
  let project: string
  let directory: string
  let server: EmbeddedPostgres
  let pool: Pool

  before(async function () {
    this.timeout(30_000)
    project = makeProject()
    directory = join(project, 'postgres')
    server = await startEmbeddedPostgres({ directory })
    const { connection } = server
    await migrateRepository({ connection: { ...connection } })
    pool = new Pool(connection)
    pool.on('error', () => {})
    await writeTradeFile(join(project, 'trades.csv'), ROWS)
    for (const table of ['undisturbed', 'killed', 'restarted']) await pool.query(createTradeTable(table))
    expect(await load('undisturbed')).to.equal('COMPLETED')
  })

  after(async () => {
    await pool.end()
    await server.close()
    removeProject(project)
  })

  const kinds = [
    { table: 'killed', how: 'killed (SIGKILL), and recovers', signal: 'SIGKILL', downs: 4 },
    { table: 'restarted', how: 'restarted in order (fast shutdown)', signal: 'SIGINT', downs: 4 },
  ] as const

  for (const { table, how, signal, downs } of kinds)
    it(`loads what an undisturbed one loads when the server is ${how}`, async function () {
      this.timeout(120_000)
      const over = new AbortController()
      const firstCommit = gate()
      const disturbing = disturb(signal, downs, firstCommit.passed, over.signal)
      const endings: string[] = []
      while (endings.at(-1) !== 'COMPLETED') {
        endings.push(await load(table, firstCommit.open))
        if (endings.at(-1) !== 'COMPLETED') await sleep(LEASE / 4)
      }
      over.abort()
      const times = await disturbing
      expect(times, 'times that the server went down').to.be.at.least(1)
      const known = [
        'COMPLETED',
        'FAILED',
        'REPOSITORY_UNAVAILABLE',
        'JOB_EXECUTION_ALREADY_RUNNING',
        'LEASE_LOST',
      ]
      expect(known).to.include.members(endings)
      expect(await resultOf(table)).to.deep.equal(await resultOf('undisturbed'))
      const { rows } = await pool.query(
        `select status from batch_step_execution where status not in ('COMPLETED', 'FAILED')
         union all select status from batch_job_execution where status not in ('COMPLETED', 'FAILED')`,
      )
      expect(rows, 'nothing is left open').to.deep.equal([])
    })

  async function load(table: string, committed: () => void = () => {}): Promise<string> {
    try {
      const connection = { ...server.connection }
      await using batch = await tradeBatch({ connection }, LEASE)
      const started = await batch.operator.start(
        importTrades,
        { file: join(project, 'trades.csv'), table },
        { observer: { stepProgressed: committed } },
      )
      const { execution } = await started.ended
      return execution.status
    } catch (error) {
      if (isBatchError(error)) return error.code
      throw error
    }
  }

  /** First right behind the first commit, so that it never comes too late, then at random. Answers how often the server went down. */
  async function disturb(
    signal: NodeJS.Signals,
    downs: number,
    firstCommit: Promise<void>,
    over: AbortSignal,
  ): Promise<number> {
    let times = 0
    for (; times < downs; times += 1) {
      await (times === 0 ? firstCommit : sleep(100 + Math.random() * 300))
      if (over.aborted) break
      const postmaster = findPostmaster(homeAt(directory).data)
      process.kill(postmaster?.pid ?? expect.fail('no server'), signal)
      while (findPostmaster(homeAt(directory).data)?.pid === postmaster?.pid) await sleep(5)
      await (await startEmbeddedPostgres({ directory })).close()
    }
    return times
  }

  async function resultOf(table: string) {
    return { load: await fingerprintOf(pool, table), counts: await countsOf(pool, 'public', table) }
  }
})
