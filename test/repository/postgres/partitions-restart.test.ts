import { join } from 'node:path'
import { expect } from 'chai'
import { Client } from 'pg'
import type { BatchError } from '../../../src/core/model/batch-error.ts'
import { NO_COUNTS } from '../../../src/core/model/step-execution.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { Claim } from '../../../src/core/ports/lease.ts'
import type { ClaimedPartition } from '../../../src/core/ports/partition-store.ts'
import { homeAt } from '../../../src/repository/embedded/home.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/repository/embedded/index.ts'
import { findPostmaster } from '../../../src/repository/embedded/postmaster.ts'
import { migrateRepository, postgresRepository } from '../../../src/repository/postgres/index.ts'
import { makeProject, removeProject } from '../embedded/project-folder.ts'
import { commit, OWNER, startedStep, stepEnd } from './running-job.ts'
import { type WireProxy, wireProxy } from './wire-proxy.ts'

const PLAN = ['low', 'middle', 'high'].map((name, value) => ({ name, value }))

describe('The partitions of a step, while their Postgres server restarts', function () {
  this.timeout(60_000)
  let project: string
  let directory: string
  let server: EmbeddedPostgres
  let proxy: WireProxy
  let repository: JobRepository
  let claim: Claim
  let planId: string
  let workerId: string

  before(async () => {
    project = makeProject()
    directory = join(project, 'postgres')
    server = await startEmbeddedPostgres({ directory })
    await migrateRepository({ connection: { ...server.connection } })
    proxy = await wireProxy({ ...server.connection })
    repository = await postgresRepository({ connection: proxy.connection })
  })

  after(async () => {
    await repository.close()
    await proxy.close()
    await server.close()
    removeProject(project)
  })

  beforeEach(async () => {
    const { launched, step } = await startedStep(repository)
    claim = launched.claim
    planId = step.stepExecution.id
    await step.commit({
      pipelined: false,
      work: (transaction) => repository.partitions.storePlan(transaction, planId, PLAN),
      progress: () => ({ counts: NO_COUNTS, executionContext: {} }),
    })
    await repository.partitions.openPlan(claim, planId)
    workerId = await repository.partitions.beginWorker(claim, OWNER, null)
    await step.rest?.()
  })

  const take = () => repository.partitions.claimPartition(claim, { planId, stepName: 'load', workerId })

  const executions = async () =>
    (await repository.partitions.listPartitionExecutions({ ...claim, limit: 9 })).map(
      ({ stepName, status, readCount }) => [stepName, status, readCount],
    )

  async function finish(claimed: ClaimedPartition | undefined, readCount: number): Promise<void> {
    const { session } = claimed ?? expect.fail('nothing was claimed')
    await commit(session, readCount, async () => {})
    await session.end(stepEnd('COMPLETED', readCount))
    await session.close()
  }

  async function shutDown(): Promise<void> {
    const pid = findPostmaster(homeAt(directory).data)?.pid ?? expect.fail('no server')
    process.kill(pid, 'SIGINT')
    while (findPostmaster(homeAt(directory).data)?.pid === pid) await new Promise(setImmediate)
  }

  async function startAgain(): Promise<void> {
    await (await startEmbeddedPostgres({ directory })).close()
  }

  async function connected(): Promise<Client> {
    const client = new Client({ ...server.connection })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  /** Begins `action` while a lock keeps its statement waiting, takes the server down under it, and starts it again. */
  async function restartUnder<T>(lock: string, action: () => Promise<T>): Promise<T> {
    const [locker, watcher] = [await connected(), await connected()]
    await locker.query('begin')
    await locker.query(lock)
    const answer = action()
    answer.catch(() => {})
    const waiting = "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'"
    while ((await watcher.query<{ n: number }>(waiting)).rows[0]?.n === 0) await new Promise(setImmediate)
    await shutDown()
    await startAgain()
    return answer
  }

  it('can be claimed: the claim waits, whether it was sent before or while the server is away', async () => {
    const first = await restartUnder('lock batch_step_partition_worker in access exclusive mode', take)
    await finish(first, 1)
    await shutDown()
    const second = take()
    await startAgain()
    await finish(await second, 2)
    expect(await executions()).to.deep.equal([
      ['load:low', 'COMPLETED', 1],
      ['load:middle', 'COMPLETED', 2],
    ])
  })

  it('are opened', async () => {
    const open = () => repository.partitions.openPlan(claim, planId)
    expect(await restartUnder('lock batch_step_partition in access exclusive mode', open)).to.deep.equal({
      total: 3,
      completed: 0,
    })
  })

  it('are claimed once when the claim was done and its answer was lost, beside others of the same worker', async () => {
    const before = await take()
    proxy.loseNextAnswerTo('as "milliseconds"')
    const found = await take()
    expect(found?.partition).to.deep.equal(PLAN[1])
    expect(found?.earlierCounts).to.deep.equal(NO_COUNTS)
    await finish(found, 5)
    await finish(await take(), 6)
    await finish(before, 4)
    expect(await executions()).to.deep.equal([
      ['load:low', 'COMPLETED', 4],
      ['load:middle', 'COMPLETED', 5],
      ['load:high', 'COMPLETED', 6],
    ])
    expect(await take()).to.equal(undefined)
  })

  it('are not claimed for a worker that was given up while the claim waited', async () => {
    const { partitions } = repository
    proxy.loseNextAnswerTo('as "milliseconds"')
    proxy.refuseConnections()
    const claiming = take()
    claiming.catch(() => {})
    const elsewhere = await postgresRepository({ connection: { ...server.connection } })
    while ((await elsewhere.partitions.listPartitionExecutions({ ...claim, limit: 9 })).length === 0)
      await new Promise(setImmediate)
    const retirement = { planId, workers: { workerId }, reason: 'silent', attempts: 3 }
    expect((await elsewhere.partitions.retireWorkers(claim, retirement)).reopened).to.equal(1)
    await elsewhere.close()
    proxy.acceptConnections()
    const error = await claiming.catch((thrown: BatchError) => thrown)
    expect(error).to.include({ code: 'LEASE_LOST' })
    expect(await partitions.openPlan(claim, planId)).to.deep.equal({ total: 3, completed: 0 })
  })
})
