import { expect } from 'chai'
import { pino } from 'pino'
import { type Batch, createBatch } from '../../src/create-batch.ts'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { LaunchOrder } from '../../src/core/operator/launch-order.ts'
import type { PooledLaunch } from '../../src/pool/execution-pool.ts'
import { localPool } from '../../src/pool/local-pool.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { gateOf, greet, wait } from '../http/jobs.ts'
import { newName } from '../http/api-trial.ts'

describe('The pool in this process', () => {
  let batch: Batch
  beforeEach(() => {
    const logger = pino({ level: 'silent' })
    batch = createBatch({
      repository: memoryRepository(),
      jobs: [greet, wait],
      leaseMilliseconds: 1000,
      logger,
    })
  })
  afterEach(() => batch.close())

  function order(name: string, jobName = 'wait'): LaunchOrder {
    return {
      jobName,
      parameters: { name },
      trigger: { type: 'http', name: null },
      runner: 'server',
      by: 'the test',
    }
  }

  it('has no more at work than its limit, however many come at once', async () => {
    const pool = localPool({ batch, limit: 3 })
    const names = Array.from({ length: 20 }, newName)
    const launches = await Promise.allSettled(names.map((name) => pool.launch(order(name))))
    expect(launches.filter(({ status }) => status === 'fulfilled')).to.have.length(3)
    for (const launch of launches)
      if (launch.status === 'rejected') expect(isBatchError(launch.reason, 'AT_CAPACITY')).to.equal(true)
    expect(pool.active()).to.equal(3)
    for (const name of names) gateOf(name).open()
    await pool.drain('the test is over')
    expect(pool.active()).to.equal(0)
  })

  it('gives a place back when the execution has ended, when the launch was refused, and when nothing was launched', async () => {
    const pool = localPool({ batch, limit: 1 })
    const name = newName()
    const first = await pool.launch(order(name, 'greet'))
    await batch.operator.waitForEnd(first.execution.id, {
      signal: AbortSignal.timeout(10_000),
      everyMilliseconds: 1,
    })
    await turnsUntil(() => pool.active() === 0)
    const refused = await pool.launch(order(name, 'greet')).catch((error: unknown) => error)
    expect(isBatchError(refused, 'JOB_INSTANCE_ALREADY_COMPLETE')).to.equal(true)
    const existing = await pool.launch({ ...order(name, 'greet'), onExisting: 'return' })
    expect([existing.outcome, existing.execution.id]).to.deep.equal(['existing', first.execution.id])
    expect(pool.active()).to.equal(0)
  })

  it('stops what runs when it is drained, and launches nothing more', async () => {
    const pool = localPool({ batch })
    const { execution } = await pool.launch(order(newName()))
    const launching = pool.launch(order(newName()))
    await pool.drain('the server ends', { graceMilliseconds: 1000 })
    expect((await batch.operator.findJobExecution(execution.id)).status).to.equal('STOPPED')
    const late = await launching
    expect((await batch.operator.findJobExecution(late.execution.id)).status).to.equal('STOPPED')
    const refused = await pool.launch(order(newName())).catch((error: unknown) => error)
    expect(isBatchError(refused, 'SERVER_DRAINING')).to.equal(true)
    await pool.drain('again')
  })

  it('gives up what runs when it is aborted', async () => {
    const pool = localPool({ batch })
    const { execution } = await pool.launch(order(newName()))
    pool.abort('at once')
    await pool.drain('at once')
    expect((await batch.operator.findJobExecution(execution.id)).status).to.equal('FAILED')
  })

  it('restarts only the latest execution of an instance where it is told to', async () => {
    const pool = localPool({ batch })
    const name = newName()
    const first = await stopped(await pool.launch(order(name)))
    const again = { parameters: {}, acceptChanges: false, latestOnly: true, by: 'the test' } as const
    const trigger = { type: 'program', name: null } as const
    const second = await stopped(await pool.restart({ jobExecutionId: first, trigger, ...again }))
    const refused = await pool
      .restart({ jobExecutionId: first, trigger, ...again })
      .catch((error: unknown) => error)
    expect(isBatchError(refused, 'JOB_EXECUTION_FOLLOWED')).to.equal(true)
    expect(refused).to.have.nested.property('details.followedBy', second)
    await pool.drain('the test is over')
  })

  async function stopped({ execution: { id } }: PooledLaunch): Promise<string> {
    await batch.operator.stop(id, { by: 'the test' })
    const limits = { signal: AbortSignal.timeout(10_000), everyMilliseconds: 1 }
    expect((await batch.operator.waitForEnd(id, limits)).status).to.equal('STOPPED')
    return id
  }

  it('has a limit that is a whole number from 1 on', () => {
    for (const limit of [0, -1, 1.5, NaN]) expect(() => localPool({ batch, limit })).to.throw(/limit is/)
  })
})

async function turnsUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
