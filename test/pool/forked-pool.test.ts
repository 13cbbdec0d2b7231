import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { type BatchError, isBatchError } from '../../src/core/model/batch-error.ts'
import type { LaunchOrder } from '../../src/core/operator/launch-order.ts'
import type { PooledLaunch } from '../../src/pool/execution-pool.ts'
import {
  type ForkedPool,
  forkedPool,
  type ForkedPoolOptions,
  type PoolDeath,
} from '../../src/pool/forked-pool.ts'
import { metricsRegistry } from '../../src/telemetry/metrics-registry.ts'
import type { Observation } from '../../src/telemetry/observation.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { expectGone } from '../workers/load-trial.ts'
import openPooled, { type PooledSetting, rowTable, ROWS } from './pooled-jobs.ts'
import type { PoolBatch } from '../../src/pool/pool-batch.ts'

const MODULE = new URL('./pooled-jobs.js', import.meta.url)

describe('The forked pool', function () {
  this.timeout(60_000)
  let database: TestDatabase
  let setting: PooledSetting
  let batch: PoolBatch
  const folder = temporaryFolder()
  const owners: ChildProcess[] = []

  before(async () => {
    database = await testDatabase()
    await database.pool.query(rowTable(database.schema))
    setting = { connection: database.connection, schema: database.schema }
    batch = await openPooled(setting)
  })
  after(async () => {
    for (const owner of owners) owner.kill('SIGKILL')
    await batch[Symbol.asyncDispose]()
    await database.close()
  })

  const openPool = (options: Partial<ForkedPoolOptions> = {}): ForkedPool =>
    forkedPool({
      limit: 3,
      module: { module: MODULE, argument: setting },
      logger: pino({ level: 'silent' }),
      ...options,
    })

  const order = (jobName: string, parameters: Record<string, string>): LaunchOrder => ({
    jobName,
    parameters,
    trigger: { type: 'http', name: null },
    runner: 'server',
    by: 'anna',
  })

  async function endOf({ execution: { id } }: Pick<PooledLaunch, 'execution'>) {
    return batch.operator.waitForEnd(id, { signal: AbortSignal.timeout(30_000), everyMilliseconds: 20 })
  }

  async function pidOf(run: string): Promise<number> {
    for (;;) {
      const { rows } = await database.pool.query<{ pid: number }>(
        `select pid from ${database.schema}.row where run = $1 limit 1`,
        [run],
      )
      if (rows[0] !== undefined) return rows[0].pid
      await sleep(10)
    }
  }

  async function refusalOf(asking: Promise<unknown>): Promise<BatchError> {
    const error: unknown = await asking.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (isBatchError(error)) return error
    throw new Error(`no refusal: ${String(error)}`)
  }

  async function free(pool: ForkedPool): Promise<void> {
    while (pool.active() > 0) await sleep(10)
  }

  it('runs executions in processes of its own, whose owner is the process', async () => {
    await using pool = openPool()
    const launched = await pool.launch(order('load', { run: 'first' }))
    expect(launched.outcome).to.equal('started')
    const ended = await endOf(launched)
    expect(ended.status).to.equal('COMPLETED')
    expect(ended.owner?.pid)
      .to.equal(await pidOf('first'))
      .and.not.equal(process.pid)
    expect(launched.execution.createTime).to.be.instanceOf(Date)
  })

  it('uses a process again, and refuses with code, message and details as in that process', async () => {
    await using pool = openPool()
    await endOf(await pool.launch(order('load', { run: 'again' })))
    await free(pool)
    const refused = await refusalOf(pool.launch(order('load', { run: 'again' })))
    expect(refused.code).to.equal('JOB_INSTANCE_ALREADY_COMPLETE')
    const here = await refusalOf(batch.operator.startByName('load', { run: 'again' }))
    expect([refused.message, refused.details]).to.deep.equal([here.message, here.details])
    expect(refused.details['endTime']).to.be.instanceOf(Date)
    expect((await refusalOf(pool.launch(order('laod', {})))).message).to.contain('Did you mean load?')
    await endOf(await pool.launch(order('load', { run: 'once more' })))
    expect(await pidOf('once more')).to.equal(await pidOf('again'))
  })

  it('accepts exactly as many at once as its limit, and refuses the rest', async () => {
    await using pool = openPool()
    const asked = Array.from({ length: 20 }, (_, n) =>
      pool.launch(order('harm', { run: `crowd ${n}`, how: 'wait' })),
    )
    const answers = await Promise.allSettled(asked)
    const refused = answers.filter(({ status }) => status === 'rejected')
    expect(answers.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(3)
    expect(pool.active()).to.equal(3)
    expect(
      refused.map((one) => (one.status === 'rejected' ? (one.reason as BatchError).code : '')),
    ).to.deep.equal(Array.from({ length: 17 }, () => 'AT_CAPACITY'))
  })

  it('stops what runs when it is drained, and launches nothing more', async () => {
    const pool = openPool()
    const launched = await pool.launch(order('load', { run: 'drained', milliseconds: '20' }))
    const pid = await pidOf('drained')
    const draining = pool.drain('a test ends it', { graceMilliseconds: 10_000 })
    expect((await refusalOf(pool.launch(order('load', { run: 'late' })))).code).to.equal('SERVER_DRAINING')
    await draining
    const ended = await batch.operator.findJobExecution(launched.execution.id)
    expect(ended.status).to.equal('STOPPED')
    expect(ended.stepExecutions[0]?.writeCount).to.be.greaterThan(0).and.lessThan(ROWS)
    expect((await batch.operator.listOperatorActions(ended.id)).map(({ action }) => action)).to.deep.equal([
      'launch',
      'interrupt',
    ])
    await expectGone([pid])
  })

  it('gives up what runs when it is told to', async () => {
    await using pool = openPool()
    const launched = await pool.launch(order('harm', { run: 'given up', how: 'wait' }))
    await pidOf('given up')
    pool.abort('a second signal')
    const ended = await endOf(launched)
    expect(ended.status).to.equal('FAILED')
    expect(ended.exitStatus.exitDescription).to.contain('a second signal')
  })

  for (const how of ['exit', 'kill', 'disconnect'] as const) {
    it(`loses one execution when a job does ${how} to its process, and tells which`, async () => {
      const deaths: PoolDeath[] = []
      await using pool = openPool({ onDeath: (death) => deaths.push(death) })
      const other = await pool.launch(order('load', { run: `beside ${how}`, milliseconds: '10' }))
      const harmed = await pool.launch(order('harm', { run: `harm ${how}`, how }))
      expect((await endOf(other)).status).to.equal('COMPLETED')
      await free(pool)
      expect(deaths.map(({ jobExecutionId }) => jobExecutionId)).to.deep.equal([harmed.execution.id])
      // Its owner is known to be dead at once.
      expect((await batch.operator.recover(harmed.execution.id)).recovered).to.equal(true)
      expect(await batch.repository.countDeaths(harmed.execution.jobInstance.id)).to.equal(1)
    })
  }

  it('fails an execution for an error that nobody handles, and never uses its process again', async () => {
    await using pool = openPool()
    const harmed = await pool.launch(order('harm', { run: 'rejected', how: 'reject' }))
    const ended = await endOf(harmed)
    expect(ended.status).to.equal('FAILED')
    expect(ended.exitStatus.exitDescription).to.contain('nobody awaits this')
    await expectGone([await pidOf('rejected')])
  })

  it('passes over what a job says to its parent process', async () => {
    await using pool = openPool()
    const ended = await endOf(await pool.launch(order('harm', { run: 'talk', how: 'talk' })))
    expect(ended.status).to.equal('COMPLETED')
    await free(pool)
    expect((await endOf(await pool.launch(order('load', { run: 'after talk' })))).status).to.equal(
      'COMPLETED',
    )
  })

  it('answers others while a job keeps its event loop busy, and kills it when a drain has waited long enough', async function () {
    const pool = openPool()
    const blocked = await pool.launch(order('harm', { run: 'blocked', how: 'block' }))
    const pid = await pidOf('blocked')
    expect((await endOf(await pool.launch(order('load', { run: 'beside a busy one' })))).status).to.equal(
      'COMPLETED',
    )
    await pool.drain('a test ends it', { graceMilliseconds: 100 })
    await expectGone([pid])
    expect((await batch.operator.recover(blocked.execution.id)).recovered).to.equal(true)
  })

  it('tells of a process that died before it answered, and does not know what it has launched', async () => {
    const deaths: PoolDeath[] = []
    const module = { module: MODULE, argument: { ...setting, diesLaunching: true } }
    await using pool = openPool({ module, onDeath: (death) => deaths.push(death) })
    const refused = await refusalOf(pool.launch(order('load', { run: 'unanswered' })))
    expect(refused.code).to.equal('POOL_PROCESS_DIED')
    expect(refused.message).to.contain('was ended by SIGKILL before it answered')
    await free(pool)
    expect(deaths.map(({ jobExecutionId }) => jobExecutionId)).to.deep.equal([null])
    expect(await batch.operator.recoverStale()).to.have.lengthOf(1)
  })

  for (const how of ['wait', 'block'] as const) {
    it(`leaves no process behind when the server is killed while a job does ${how}`, async () => {
      const owner = fork(new URL('./pool-owner.js', import.meta.url))
      owners.push(owner)
      const file = folder.path(how)
      owner.send({ setting, order: order('harm', { run: `orphan ${how}`, how, file }) })
      const [jobExecutionId] = (await once(owner, 'message')) as [string]
      while (!existsSync(file)) await sleep(10)
      const pid = await pidOf(`orphan ${how}`)
      owner.kill('SIGKILL')
      await expectGone([pid], 20_000)
      if (how === 'block') await batch.operator.recover(jobExecutionId)
      const { status, exitStatus } = await batch.operator.findJobExecution(jobExecutionId)
      expect(status, exitStatus.exitDescription).to.equal(how === 'wait' ? 'STOPPED' : 'FAILED')
    })
  }

  it('says why a project cannot be loaded', async () => {
    await using pool = openPool({ module: { module: MODULE, argument: { ...setting, broken: true } } })
    const failed = await pool.ready().catch(String)
    expect(failed).to.contain('the project is broken')
    expect(await pool.launch(order('load', { run: 'never' })).catch(String)).to.contain(
      'the project is broken',
    )
    await free(pool)
  })

  it('gives up a process that does not load its project in time, and its place is free', async () => {
    await using pool = openPool({
      module: { module: MODULE, argument: { ...setting, hangs: true } },
      loadMilliseconds: 500,
    })
    const error = await refusalOf(pool.launch(order('load', { run: 'hangs' })))
    expect(error.code).to.equal('POOL_PROCESS_DIED')
    expect(error.message).to.contain('has not loaded the project within 0.5 s')
    await free(pool)
  })

  it('hands on what its processes observe', async () => {
    const metrics = metricsRegistry()
    const told: string[] = []
    await using pool = openPool({
      observations: () => {
        const source = metrics.source()
        const tell = (one: Observation) => {
          told.push(one.type)
          source.tell(one)
        }
        return { ...source, tell }
      },
    })
    await endOf(await pool.launch(order('load', { run: 'observed' })))
    await free(pool)
    expect(told).to.include.members(['job-started', 'step-ended', 'job-ended'])
    expect(await metrics.text()).to.match(/batch_items_total\{[^}]*step="load"[^}]*\} 40/)
  })

  it('fires a schedule', async () => {
    await using pool = openPool()
    const slot = new Date('2026-11-26T03:00:00Z')
    const fired = await pool.trigger({ schedule: 'loading', slot, by: 'anna' })
    if (!('execution' in fired)) throw new Error(fired.detail)
    expect((await endOf(fired)).status).to.equal('COMPLETED')
    const taken = await pool.trigger({ schedule: 'loading', slot, by: 'anna' })
    expect(taken.outcome).to.equal('taken')
  })
})
