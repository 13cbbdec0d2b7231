import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../../src/core/definition/define-job.ts'
import { nonIdentifying } from '../../../src/core/definition/parameter-kind.ts'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { JobExecution } from '../../../src/core/model/job-execution.ts'
import type { Clock } from '../../../src/core/ports/clock.ts'
import { createBatch, type Batch } from '../../../src/create-batch.ts'
import { systemClock } from '../../../src/process/system-clock.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'

const waits = defineJob({
  name: 'waits',
  parameters: z.object({
    day: z.string().default('monday'),
    note: nonIdentifying(z.string()).optional(),
    limit: z.int().optional(),
  }),
  steps: (step) => ({
    wait: step.tasklet(async ({ parameters, signal, jobExecution }) => {
      seen.push({ ...parameters, ids: jobExecution.jobParameters.map(({ name, text }) => `${name}=${text}`) })
      if (parameters.note === 'fail') throw new Error('as told')
      if (parameters.note === 'wait') await sleep(30_000, undefined, { signal })
    }),
  }),
})
const seen: object[] = []

const LEASE = 1_000

describe('Operating', () => {
  let batch: Batch
  let jump = 0
  const repositoryClock = { now: () => new Date(Date.now() + jump) }

  beforeEach(() => {
    seen.length = 0
    jump = 0
    batch = batchOn(memoryRepository({ clock: repositoryClock }))
  })

  function batchOn(repository: Batch['repository'], clock: Clock = systemClock): Batch {
    const logger = pino({ level: 'silent' })
    return createBatch({ repository, jobs: [waits], logger, clock, leaseMilliseconds: LEASE, by: 'tests' })
  }

  async function codeOf(action: Promise<unknown>): Promise<string> {
    const error = await action.then(
      () => 'nothing',
      (thrown: unknown) => thrown,
    )
    return isBatchError(error) ? error.code : String(error)
  }

  it('stops from elsewhere, and only the owner writes the end', async () => {
    const started = await batch.operator.start(waits, { note: 'wait' })
    const { status, endTime } = await batch.operator.stop(started.execution.id, { by: 'anna' })
    expect([status, endTime]).to.deep.equal(['STOPPING', null])
    const { signal } = new AbortController()
    const ended = await batch.operator.waitForEnd(started.execution.id, { signal, everyMilliseconds: 5 })
    expect(ended.status).to.equal('STOPPED')
    const actions = await batch.operator.listOperatorActions(started.execution.id)
    expect(actions.map(({ action, by }) => [action, by])).to.deep.equal([
      ['launch', 'tests'],
      ['stop', 'anna'],
    ])
    expect(await codeOf(batch.operator.stop(started.execution.id))).to.equal('JOB_EXECUTION_NOT_RUNNING')
    expect(await codeOf(batch.operator.stop('77'))).to.equal('NO_SUCH_JOB_EXECUTION')
  })

  it('stops what was interrupted and waits to be continued, so that nobody continues it', async () => {
    const started = await batch.operator.start(waits, { note: 'wait' })
    await started.interrupt('the server ends')
    const { execution } = await started.ended
    expect((await batch.operator.listInterrupted()).map(({ id }) => id)).to.deep.equal([execution.id])
    expect((await batch.operator.stop(execution.id, { by: 'anna' })).status).to.equal('STOPPED')
    expect(await batch.operator.listInterrupted()).to.deep.equal([])
    expect(await codeOf(batch.operator.stop(execution.id))).to.equal('JOB_EXECUTION_NOT_RUNNING')
  })

  it('does not stop or wait for what nobody runs, and points at recover', async () => {
    const started = await batch.operator.start(waits, { note: 'wait' })
    jump = 2 * LEASE
    const { signal } = new AbortController()
    for (const asked of [
      batch.operator.stop(started.execution.id),
      batch.operator.waitForEnd(started.execution.id, { signal }),
    ])
      expect(await codeOf(asked)).to.equal('JOB_EXECUTION_NOT_RUNNING')
    expect((await batch.operator.findJobExecution(started.execution.id)).status).to.equal('STARTED')
    started.abort('the test is over')
    await started.ended
  })

  it('waits for what has ended, with its process, just after it was found to run', async () => {
    const started = await batch.operator.start(waits, { note: 'wait' })
    const { repository } = batch
    const late: typeof repository.findJobExecution = async (id) => {
      const found = await repository.findJobExecution(id)
      if (found?.owner == null || found.status !== 'STARTED') return found
      started.stop('it ends')
      await started.ended
      return { ...found, owner: { ...found.owner, leaseExpired: true } }
    }
    const { operator } = batchOn({ ...repository, findJobExecution: late })
    const { signal } = new AbortController()
    expect((await operator.waitForEnd(started.execution.id, { signal })).status).to.equal('STOPPED')
  })

  it('a repository whose clock jumps ahead gives the execution to another owner, and to only one', async () => {
    const first = await batch.operator.start(waits, { note: 'wait' })
    expect(await codeOf(batch.operator.start(waits, { note: 'fail' }))).to.equal(
      'JOB_EXECUTION_ALREADY_RUNNING',
    )
    jump = 24 * 60 * 60 * 1000
    const second = await batch.operator.start(waits, { note: 'fail' })
    expect(second.recovered).to.equal(first.execution.id)
    expect(await codeOf(first.ended)).to.equal('LEASE_LOST')
    expect((await second.ended).execution.status).to.equal('FAILED')
    const { stepExecutions, status } = await batch.operator.findJobExecution(first.execution.id)
    expect([status, stepExecutions[0]?.status]).to.deep.equal(['FAILED', 'FAILED'])
  })

  it('a clock of the engine that jumps costs no lease', async () => {
    let ahead = 0
    const jumping: Clock = { ...systemClock, now: () => new Date(Date.now() + ahead), monotonic: () => ahead }
    const own = batchOn(batch.repository, jumping)
    const started = await own.operator.start(waits, { note: 'wait' })
    for (const way of [1, -1]) {
      ahead = way * 24 * 60 * 60 * 1000
      await sleep(LEASE / 2)
      expect(await codeOf(batch.operator.start(waits, {}))).to.equal('JOB_EXECUTION_ALREADY_RUNNING')
      expect(await batch.operator.recoverStale()).to.deep.equal([])
    }
    started.stop('the test is over')
    expect((await started.ended).execution.status).to.equal('STOPPED')
  })

  it('recovers what is stale once, whoever asks at the same time, and leaves the living alone', async () => {
    const stale = await batch.operator.start(waits, { day: 'monday', note: 'wait' })
    jump = 2 * LEASE
    const alive = await batch.operator.start(waits, { day: 'tuesday', note: 'wait' })
    const recovered = await Promise.all([1, 2, 3].map(() => batch.operator.recoverStale({ by: 'the loop' })))
    expect(recovered.flat().map(({ id, status }) => [id, status])).to.deep.equal([
      [stale.execution.id, 'FAILED'],
    ])
    expect(await batch.operator.recoverStale()).to.deep.equal([])
    expect(await batch.operator.recover(stale.execution.id)).to.include({ recovered: false, reason: null })
    expect(await codeOf(batch.operator.recover(alive.execution.id))).to.equal('JOB_EXECUTION_STILL_RUNNING')
    const forced = await batch.operator.recover(alive.execution.id, { force: true })
    expect(forced.recovered).to.equal(true)
    expect(forced.reason).to.include('taken by force from an owner that was alive')
    expect(await codeOf(alive.ended)).to.equal('LEASE_LOST')
  })

  it('keeps recovering until told otherwise, and survives what goes wrong', async () => {
    const stale = await batch.operator.start(waits, { note: 'wait' })
    const stop = new AbortController()
    const told: JobExecution[] = []
    let failures = 0
    const repository = {
      ...batch.repository,
      listJobExecutions: (filter: Parameters<Batch['repository']['listJobExecutions']>[0]) => {
        failures += 1
        return failures === 1
          ? Promise.reject(new Error('the database is away'))
          : batch.repository.listJobExecutions(filter)
      },
    }
    const keeping = batchOn(repository).operator.keepRecovering({
      everyMilliseconds: 10,
      onRecovered: (execution) => {
        told.push(execution)
        stop.abort()
      },
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]),
    })
    jump = 2 * LEASE
    await keeping
    expect(told.map(({ id, status }) => [id, status])).to.deep.equal([[stale.execution.id, 'FAILED']])
    expect(failures).to.be.greaterThan(1)
    expect(await codeOf(stale.ended)).to.equal('LEASE_LOST')
  })

  it('tells of each that was recovered, also when telling of one before it has failed', async () => {
    const stale = [
      await batch.operator.start(waits, { note: 'wait' }),
      await batch.operator.start(waits, { day: 'tuesday', note: 'wait' }),
    ]
    const stop = new AbortController()
    const told: string[] = []
    jump = 2 * LEASE
    await batch.operator.keepRecovering({
      everyMilliseconds: 10,
      onRecovered: ({ id }) => {
        told.push(id)
        if (told.length === 2) stop.abort()
        throw new Error('nobody listens')
      },
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(2_000)]),
    })
    expect(told.toSorted()).to.deep.equal(stale.map(({ execution }) => execution.id))
    for (const { ended } of stale) expect(await codeOf(ended)).to.equal('LEASE_LOST')
  })

  it('refuses to ask without a pause', async () => {
    const running = await batch.operator.start(waits, { note: 'wait' })
    const signal = AbortSignal.timeout(2_000)
    for (const everyMilliseconds of [0, Number.NaN, 2 ** 31]) {
      const options = { everyMilliseconds, signal }
      expect(await codeOf(batch.operator.keepRecovering(options))).to.equal('INVALID_CONFIGURATION')
      expect(await codeOf(batch.operator.waitForEnd(running.execution.id, options))).to.equal(
        'INVALID_CONFIGURATION',
      )
    }
    running.stop('it is over')
    await running.ended
  })

  it('abandons what has ended, and then nothing starts it again', async () => {
    const running = await batch.operator.start(waits, { note: 'wait' })
    const { id } = running.execution
    expect(await codeOf(batch.operator.abandon(id))).to.equal('JOB_EXECUTION_STILL_RUNNING')
    running.stop('to abandon it')
    await running.ended
    for (const _ of [1, 2]) expect((await batch.operator.abandon(id)).status).to.equal('ABANDONED')
    expect(await codeOf(batch.operator.start(waits, {}))).to.equal('JOB_RESTART_REFUSED')
    expect(await codeOf(batch.operator.restart(id))).to.equal('JOB_RESTART_REFUSED')
    const complete = await batch.operator.start(waits, { day: 'tuesday' })
    await complete.ended
    expect(await codeOf(batch.operator.abandon(complete.execution.id))).to.equal('ABANDON_REFUSED')
  })

  it('starts the next instance with what the last one had, and says what it leaves behind', async () => {
    const first = await batch.operator.startNext(waits, { day: 'friday', note: 'fail', limit: 3 })
    expect(first.leftBehind).to.equal(null)
    await first.ended
    const second = await batch.operator.startNextByName('waits', { note: 'x' })
    expect(second.leftBehind?.id).to.equal(first.execution.id)
    await second.ended
    const third = await batch.operator.startNext(waits, { limit: undefined })
    expect(third.leftBehind).to.equal(null)
    await third.ended
    expect(seen).to.deep.equal([
      { day: 'friday', note: 'fail', limit: 3, ids: ['day=friday', 'note=fail', 'limit=3', 'run.id=1'] },
      { day: 'friday', note: 'x', limit: 3, ids: ['day=friday', 'note=x', 'limit=3', 'run.id=2'] },
      { day: 'friday', note: 'x', ids: ['day=friday', 'note=x', 'run.id=3'] },
    ])
    expect(await codeOf(batch.operator.startNextByName('waits', { 'run.id': '9' }))).to.equal(
      'INVALID_JOB_PARAMETERS',
    )
  })

  it('restarts with other values of what does not identify the instance, and refuses the rest by name', async () => {
    const first = await batch.operator.startNext(waits, { note: 'fail' })
    await first.ended
    const { id } = first.execution
    const refused = batch.operator.restart(id, { parameters: { day: 'sunday', limit: '4' } })
    const error = await refused.catch((thrown: Error) => thrown.message)
    expect(error)
      .to.include('day: monday cannot become sunday')
      .and.include('limit: not given cannot become 4')
    const again = await batch.operator.restart(id, { parameters: { note: 'x', day: 'monday' } })
    expect((await again.ended).execution.status).to.equal('COMPLETED')
    expect(again.restartOf).to.equal(id)
    expect(seen.at(-1)).to.deep.equal({ day: 'monday', note: 'x', ids: ['day=monday', 'note=x', 'run.id=1'] })
  })

  it('takes no parameter of the framework’s into a schema', () => {
    const reserved = defineJob({
      name: 'reserved',
      parameters: z.object({ 'run.id': z.int() }),
      steps: (step) => ({ nothing: step.tasklet(() => undefined) }),
    })
    expect(() => createBatch({ repository: batch.repository, jobs: [reserved] })).to.throw(
      'parameter run.id: the name belongs to the framework',
    )
  })
})
