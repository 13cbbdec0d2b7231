import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../../src/core/definition/define-job.ts'
import { nonIdentifying } from '../../../src/core/definition/parameter-kind.ts'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { LaunchAnswer, LaunchOrder } from '../../../src/core/operator/launch-order.ts'
import { type Batch, createBatch } from '../../../src/create-batch.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'

const AT_ONCE = 20

let mayEnd: Promise<void>

const waits = defineJob({
  name: 'waits',
  parameters: z.object({ day: z.string(), note: nonIdentifying(z.string()).optional() }),
  steps: (step) => ({
    wait: step.tasklet(async ({ parameters }) => {
      if (parameters.note === 'fail') throw new Error('as told')
      await mayEnd
    }),
  }),
})

const parent = defineJob({
  name: 'parent',
  parameters: z.object({ day: z.string() }),
  steps: (step) => ({
    child: step.job(waits, { parameters: ({ parameters }) => ({ day: parameters.day, note: 'fail' }) }),
  }),
})

const TRIGGER = { type: 'external', name: 'airflow:eod' } as const

function orderOf(changes: Partial<LaunchOrder> = {}): LaunchOrder {
  return {
    jobName: 'waits',
    parameters: { day: 'monday' },
    trigger: TRIGGER,
    runner: 'server',
    by: 'airflow',
    ...changes,
  }
}

function keyed(key: string, changes: Partial<LaunchOrder> = {}): LaunchOrder {
  const order = orderOf(changes)
  const requestHash = JSON.stringify([order.jobName, order.mode, order.parameters])
  return { ...order, idempotency: { key, requestHash } }
}

function launchSuite(open: () => Promise<Batch['repository']>): void {
  let batch: Batch
  let letEnd: () => void = () => {}

  beforeEach(async () => {
    mayEnd = new Promise((resolve) => {
      letEnd = resolve
    })
    batch = createBatch({
      repository: await open(),
      jobs: [waits, parent],
      logger: pino({ level: 'silent' }),
      by: 'tests',
    })
  })

  afterEach(async () => {
    letEnd()
    await Promise.all(running.splice(0))
    await batch.close()
  })

  const running: Promise<unknown>[] = []

  async function launch(order: LaunchOrder): Promise<LaunchAnswer> {
    const answer = await batch.operator.launch(order)
    if (answer.outcome === 'started') running.push(answer.started.ended)
    return answer
  }

  /** What became of each, as words; and the executions that they were answered with. */
  async function atOnce(order: LaunchOrder): Promise<{ words: Record<string, number>; ids: Set<string> }> {
    const answers = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => launch(order)))
    const words: Record<string, number> = {}
    const ids = new Set<string>()
    for (const answer of answers) {
      const word = answer.status === 'fulfilled' ? answer.value.outcome : codeOf(answer.reason)
      words[word] = (words[word] ?? 0) + 1
      if (answer.status === 'fulfilled') ids.add(idOf(answer.value))
    }
    return { words, ids }
  }

  function idOf(answer: LaunchAnswer): string {
    return answer.outcome === 'started' ? answer.started.execution.id : answer.execution.id
  }

  function codeOf(error: unknown): string {
    return isBatchError(error) ? error.code : String(error)
  }

  async function ended(answer: LaunchAnswer): Promise<string> {
    if (answer.outcome !== 'started') return answer.outcome
    return (await answer.started.ended).execution.status
  }

  it('answers with onlyExisting for what is there, and refuses whatever would have to be launched', async () => {
    const onlyExisting = new Error('no place')
    const ask = (order: LaunchOrder) =>
      batch.operator.launch(order, { onlyExisting }).then(
        ({ outcome }) => outcome,
        (error: unknown) => (error === onlyExisting ? 'no place' : codeOf(error)),
      )
    const key = keyed('first')
    expect(await ask(key)).to.equal('no place')
    expect(await ask(keyed('next', { mode: 'next', parameters: { day: 'tuesday' } }))).to.equal('no place')
    expect(await batch.operator.listJobInstances({ limit: 1 })).to.deep.equal([])
    await launch(key)
    expect(await ask(key)).to.equal('replayed')
    expect(await ask(orderOf())).to.equal('JOB_EXECUTION_ALREADY_RUNNING')
    expect(await ask(orderOf({ onExisting: 'return' }))).to.equal('existing')
    letEnd()
    await Promise.all(running)
    expect(await ask(orderOf())).to.equal('JOB_INSTANCE_ALREADY_COMPLETE')
  })

  it('of 20 at once with one key starts one and answers 19 with it', async () => {
    const { words, ids } = await atOnce(keyed('one'))
    expect(words).to.deep.equal({ started: 1, replayed: AT_ONCE - 1 })
    expect(ids.size).to.equal(1)
  })

  it('of 20 at once with equal parameters and no key starts one and refuses 19', async () => {
    const { words } = await atOnce(orderOf())
    expect(words).to.deep.equal({ started: 1, JOB_EXECUTION_ALREADY_RUNNING: AT_ONCE - 1 })
  })

  it('answers those 19 with what runs, or with what is complete, where that is what they ask for', async () => {
    const order = orderOf({ onExisting: 'return' })
    const { words, ids } = await atOnce(order)
    expect(words).to.deep.equal({ started: 1, existing: AT_ONCE - 1 })
    expect(ids.size).to.equal(1)
    letEnd()
    await Promise.all(running)
    const later = await launch(order)
    expect(later).to.have.nested.property('execution.status', 'COMPLETED')
    expect([idOf(later)]).to.deep.equal([...ids])
  })

  it('of 20 next instances at once with one key starts one, and without a key all', async () => {
    const next = { mode: 'next', parameters: { day: 'friday' } } as const
    const { words, ids } = await atOnce(keyed('next', next))
    expect(words).to.deep.equal({ started: 1, replayed: AT_ONCE - 1 })
    expect(ids.size).to.equal(1)
    expect((await atOnce(orderOf(next))).words).to.deep.equal({ started: AT_ONCE })
  })

  it('refuses the same key for anything else, and starts nothing', async () => {
    const first = await launch(keyed('one'))
    for (const other of [
      { parameters: { day: 'tuesday' } },
      { mode: 'next' },
      { jobName: 'parent' },
    ] as const) {
      const { words } = await atOnce(keyed('one', other))
      expect(words).to.deep.equal({ IDEMPOTENCY_KEY_REUSED: AT_ONCE })
    }
    const listed = await batch.operator.listJobExecutions({ limit: 9 })
    expect(listed.map(({ id }) => id)).to.deep.equal([idOf(first)])
    expect((await launch(keyed('one', { by: 'another', parameters: { day: 'tuesday' } }))).outcome).to.equal(
      'started',
    )
  })

  it('uses no key up with a refusal', async () => {
    const first = await launch(orderOf())
    expect((await atOnce(keyed('one'))).words).to.deep.equal({ JOB_EXECUTION_ALREADY_RUNNING: AT_ONCE })
    const faulty = keyed('one', { parameters: { night: 'monday' } })
    expect((await atOnce(faulty)).words).to.deep.equal({ INVALID_JOB_PARAMETERS: AT_ONCE })
    letEnd()
    await ended(first)
    expect((await launch(keyed('one', { parameters: { day: 'tuesday' } }))).outcome).to.equal('started')
  })

  it('replays a failed execution for its key; another key with the same parameters restarts it', async () => {
    const parameters = { day: 'monday', note: 'fail' }
    const first = await launch(keyed('run/1', { parameters }))
    expect(await ended(first)).to.equal('FAILED')
    const replayed = await launch(keyed('run/1', { parameters }))
    expect(replayed).to.deep.include({ outcome: 'replayed', restartOf: null })
    expect(replayed).to.have.nested.property('execution.status', 'FAILED')
    expect(idOf(replayed)).to.equal(idOf(first))
    const second = await launch(keyed('run/2', { parameters }))
    expect(second).to.have.nested.property('started.restartOf', idOf(first))
    await ended(second)
    expect(await launch(keyed('run/2', { parameters }))).to.deep.include({ restartOf: idOf(first) })
  })

  it('refuses a key that cannot be kept', async () => {
    for (const key of ['', 'k'.repeat(201), 'nul\u0000']) {
      const answer = await launch(keyed(key)).catch(codeOf)
      expect(answer).to.equal('INVALID_CONFIGURATION')
    }
    expect(await batch.operator.listJobExecutions({ limit: 9 })).to.deep.equal([])
  })

  it('records what made it begin, also of what its steps start; a program says nothing and is one', async () => {
    const answer = await launch(orderOf({ jobName: 'parent' }))
    await ended(answer)
    const facts = { trigger: TRIGGER, runner: 'server' }
    for (const jobName of ['parent', 'waits']) {
      const [execution] = await batch.operator.listJobExecutions({ jobName, limit: 1 })
      expect(execution?.launch, jobName).to.deep.equal(facts)
    }
    const [launching] = await batch.operator.listOperatorActions(idOf(answer))
    expect(launching?.by).to.equal('airflow')
    const started = await batch.operator.start(waits, { day: 'sunday', note: 'fail' })
    expect(started.execution.launch).to.deep.equal({
      trigger: { type: 'program', name: null },
      runner: 'program',
    })
    await started.ended
    const again = await batch.operator.restart(started.execution.id, {
      trigger: { type: 'command', name: 'n'.repeat(300) },
      runner: 'command',
    })
    await again.ended
    expect(again.execution.launch?.runner).to.equal('command')
    expect(again.execution.launch?.trigger.name).to.have.length(200)
  })
}

describe('Launches as they are ordered, in memory', () => launchSuite(async () => memoryRepository()))

describe('Launches as they are ordered, in Postgres', () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
  })

  after(() => database.close())

  launchSuite(async () => {
    const { connection, schema, pool } = database
    await pool.query(`truncate ${schema}.batch_job_instance, ${schema}.batch_job_execution cascade`)
    return postgresRepository({ connection, schema })
  })
})
