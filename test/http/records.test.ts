import { expect } from 'chai'
import type { ScheduleStore } from '../../src/core/ports/schedule-store.ts'
import type { Batch } from '../../src/create-batch.ts'
import { FIXED_CLOCK } from './fixed-clock.ts'
import { deliveryTo } from './delivery-to.ts'
import { type AnswerJson, type ApiTrial, apiTrial, ended, newName, running } from './api-trial.ts'
import { hourly } from './jobs.ts'

/** The first of the slots that are to be queued is fired by somebody else. */
function takenMeanwhile() {
  let reads = 0
  const around = (batch: Batch): Batch => {
    const { schedules } = batch.repository
    const changed: ScheduleStore = {
      ...schedules,
      listFires: (filter) => {
        reads += 1
        return schedules.listFires(filter)
      },
      queue: (slots, row) => schedules.queue(slots.slice(1), row),
    }
    return { ...batch, repository: { ...batch.repository, schedules: changed } }
  }
  return { around, reads: () => reads }
}

describe('What the HTTP API shows of what was recorded', () => {
  let trial: ApiTrial
  let done: AnswerJson
  let failed: AnswerJson
  before(async () => {
    trial = apiTrial({ clock: FIXED_CLOCK })
    done = await ended(trial.ask, 'greet', 'anna')
    failed = await ended(trial.ask, 'fail', 'berta')
  })
  after(() => trial.close())

  async function found(query: string): Promise<readonly string[]> {
    const { json } = await trial.ask(`GET /api/v1/executions?${query}`)
    return json.items.map(({ jobExecutionId }) => jobExecutionId)
  }

  it('finds executions by job, status, instance, trigger, trouble, time and text', async () => {
    const [ofDone, ofFailed] = [[done.jobExecutionId], [failed.jobExecutionId]]
    expect(await found('job=greet')).to.deep.equal(ofDone)
    expect(await found('status=FAILED')).to.deep.equal(ofFailed)
    expect(await found('status=FAILED&status=COMPLETED')).to.deep.equal([...ofFailed, ...ofDone])
    expect(await found(`instance=${String(done['jobInstanceId'])}`)).to.deep.equal(ofDone)
    expect(await found('attention=true')).to.deep.equal(ofFailed)
    expect(await found('trigger=http')).to.deep.equal([...ofFailed, ...ofDone])
    expect(await found('trigger=schedule:nightly')).to.deep.equal([])
    expect(await found('q=name%3Danna')).to.deep.equal(ofDone)
    expect(await found('q=cannot%20berta')).to.deep.equal(ofFailed)
    expect(await found('from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z')).to.deep.equal([])
    expect(await found(`from=${String(done['createTime'])}`)).to.include(done.jobExecutionId)
  })

  it('finds what a scheduler has named, colons and all', async () => {
    const trigger = { type: 'external', name: 'airflow:eod:1' }
    const { json } = await trial.ask('POST /api/v1/jobs/greet/executions?wait=30s', {
      json: { parameters: { name: newName() }, trigger },
    })
    expect(await found('trigger=external:airflow:eod:1')).to.deep.equal([json.jobExecutionId])
    expect(await found('trigger=external:airflow')).to.deep.equal([])
  })

  it('shows an instance with its latest execution, and those of a job', async () => {
    const id = String(failed['jobInstanceId'])
    const restarted = await trial.ask(`POST /api/v1/executions/${failed.jobExecutionId}/restart?wait=30s`)
    const { json } = await trial.ask(`GET /api/v1/instances/${id}`)
    expect(json).to.include({ jobInstanceId: id, jobName: 'fail', executions: 2 })
    expect(json['latest']).to.include({ jobExecutionId: restarted.json.jobExecutionId })
    const list = await trial.ask('GET /api/v1/jobs/fail/instances')
    expect(list.json.items).to.deep.equal([json])
  })

  it('shows how all jobs stand', async () => {
    const { json } = await trial.ask('GET /api/v1/overview')
    expect(json['staleExecutions']).to.equal(0)
    const [failing, greeting] = json['jobs'] as readonly AnswerJson[]
    expect(failing).to.deep.equal({
      jobName: 'fail',
      lastStatus: 'FAILED',
      lastSuccess: null,
      live: 0,
      attention: 1,
    })
    expect(greeting).to.include({ jobName: 'greet', lastStatus: 'COMPLETED', attention: 0 })
    expect(greeting?.['lastSuccess']).to.match(/^\d{4}-.*Z$/)
  })

  it('sums up a job', async () => {
    const { json } = await trial.ask('GET /api/v1/jobs/fail/stats?window=30d')
    expect(json).to.include({ jobName: 'fail', successRate: 0, duration: null })
    expect(json['executions']).to.include({ FAILED: 2, COMPLETED: 0 })
    const weeks = await trial.ask('GET /api/v1/jobs/fail/stats?window=4w')
    expect(weeks.json['executions']).to.deep.equal(json['executions'])
    expect((await trial.ask('GET /api/v1/jobs/greet/stats?window=soon')).status).to.equal(422)
  })

  it('says what may be done with an execution, and why not', async () => {
    const { id } = await running(trial.ask)
    const live = await trial.ask(`GET /api/v1/executions/${id}`)
    expect(live.json['actions']).to.have.nested.property('stop.allowed', true)
    expect(live.json['actions']).to.have.nested.property('recover.withForce', true)
    for (const act of ['restart', 'abandon', 'recover'])
      expect(live.json['actions'], act).to.have.nested.property(`${act}.allowed`, false)
    const over = await trial.ask(`GET /api/v1/executions/${done.jobExecutionId}`)
    expect(JSON.stringify(over.json['actions'])).to.contain('was completed by execution')
    const first = await trial.ask(`GET /api/v1/executions/${failed.jobExecutionId}`)
    expect(first.json['actions']).to.have.nested.property('restart.allowed', true)
    expect(JSON.stringify(first.json['actions'])).to.contain('has come after it')
  })

  it('shows schedules, pauses and resumes them, and keeps what became of each slot', async () => {
    const { json } = await trial.ask('GET /api/v1/schedules/hourly?next=3')
    expect(json['nextSlots']).to.deep.equal([
      '2026-11-20T13:00:00.000Z',
      '2026-11-20T14:00:00.000Z',
      '2026-11-20T15:00:00.000Z',
    ])
    await trial.ask('POST /api/v1/schedules/hourly/pause', { json: { note: 'the fair' }, as: 'operate' })
    const paused = await trial.ask('GET /api/v1/schedules')
    expect(paused.json.items[0]?.['paused']).to.include({ by: 'operate', note: 'the fair' })
    const resumed = await trial.ask('POST /api/v1/schedules/hourly/resume', { as: 'operate' })
    expect(resumed.json['paused']).to.equal(null)
    expect(resumed.json['resumed']).to.have.property('by', 'operate')
    const fired = await trial.ask('POST /api/v1/schedules/hourly/trigger', { as: 'operate' })
    const fires = await trial.ask('GET /api/v1/schedules/hourly/fires?outcome=FIRED')
    expect(fires.json.items[0]).to.include({
      slot: '2026-11-20T12:30:00.000Z',
      jobExecutionId: fired.json.jobExecutionId,
    })
    const nothing = await trial.ask('GET /api/v1/schedules/hurly')
    expect(nothing.json['detail']).to.contain('Did you mean hourly?')
  })

  it('lets others be answered while it looks for the slots of many schedules', async () => {
    const schedules = Array.from({ length: 20 }, (_, index) => ({ ...hourly, name: `hourly ${index}` }))
    const many = apiTrial({ schedules })
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns += 1
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    await many.ask('GET /api/v1/schedules?next=100')
    isOver = true
    expect(turns).to.be.at.least(schedules.length)
    await many.close()
  })

  it('queues a backfill, or shows what it would queue, and refuses one that is too long', async () => {
    const path = 'POST /api/v1/schedules/hourly/backfill'
    const range = { from: '2026-11-20T08:30:00Z', to: '2026-11-20' }
    const dry = await trial.ask(path, { json: { ...range, dryRun: true } })
    const slots = (dry.json['slots'] as readonly { readonly slot: string }[]).map(({ slot }) => slot)
    expect(slots).to.deep.equal(['09', '10', '11', '12'].map((hour) => `2026-11-20T${hour}:00:00.000Z`))
    const queued = await trial.ask(path, { json: range, as: 'operate' })
    expect([queued.status, queued.json['slots']]).to.deep.equal([202, dry.json['slots']])
    const fires = await trial.ask('GET /api/v1/schedules/hourly/fires?outcome=QUEUED')
    expect(fires.json.items.map(({ slot }) => slot)).to.deep.equal(slots.toReversed())
    const cancelled = await trial.ask('POST /api/v1/schedules/hourly/cancel-backfill', { as: 'operate' })
    expect([cancelled.status, cancelled.json['slots']]).to.deep.equal([200, slots])
    const left = await trial.ask('GET /api/v1/schedules/hourly/fires?outcome=SKIPPED')
    for (const fire of left.json.items)
      expect(fire).to.include({ firedBy: 'operate', detail: 'the backfill was cancelled by operate' })
    expect(left.json.items).to.have.lengthOf(slots.length)
    for (const [json, pointer] of [
      [{ from: '2020-01-01', to: '2026-11-20' }, '#/from'],
      [{ from: '2026-11-20', to: '2026-11-19' }, '#/to'],
      [{ from: 'yesterday', to: '2026-11-19' }, '#/from'],
      [{ from: '2026-11-26', to: '0009-04-04' }, '#/to'],
      [{ from: '1970-01-01T00:00:00+01:00', to: '2026-11-20' }, '#/from'],
    ] as const) {
      const answer = await trial.ask(path, { json })
      expect(answer.status).to.equal(422)
      expect((answer.json['errors'] as object[])[0]).to.include({ pointer })
    }
  })

  it('answers with the slots that a backfill has queued, not with those that others took meanwhile', async () => {
    const { around, reads } = takenMeanwhile()
    const raced = apiTrial({ clock: FIXED_CLOCK, around })
    const range = { from: '2026-11-20T08:30:00Z', to: '2026-11-20' }
    const { json } = await raced.ask('POST /api/v1/schedules/hourly/backfill', { json: range })
    await raced.close()
    const slots = (json['slots'] as readonly { readonly slot: string }[]).map(({ slot }) => slot)
    expect(slots).to.deep.equal(['10', '11', '12'].map((hour) => `2026-11-20T${hour}:00:00.000Z`))
    expect(reads(), 'it is planned once').to.equal(1)
  })

  it('says of an execution which one it continues', async () => {
    const first = await ended(trial.ask, 'fail')
    const restarted = await trial.ask(`POST /api/v1/executions/${first.jobExecutionId}/restart?wait=30s`)
    const shown = await trial.ask(`GET /api/v1/executions/${restarted.json.jobExecutionId}`)
    expect(shown.json['restartOf']).to.equal(first.jobExecutionId)
    const shownFirst = await trial.ask(`GET /api/v1/executions/${first.jobExecutionId}`)
    expect(shownFirst.json['restartOf']).to.equal(null)
  })

  it('shows webhooks and their deliveries, sends one again, and enables one that was disabled', async () => {
    const { webhooks } = trial.batch.repository
    const deliveryId = await deliveryTo(webhooks, 'on-call', () => ended(trial.ask, 'greet'))
    const [claimed] = (await webhooks.claim([{ endpoint: 'on-call', limit: 10 }], 60_000)).filter(
      ({ id }) => id === deliveryId,
    )
    if (claimed === undefined) throw new Error('it was not due')
    await webhooks.settle(claimed, { kind: 'given-up', error: 'HTTP 500' })
    const givenUp = await trial.ask('GET /api/v1/webhooks/deliveries?state=given-up&webhook=on-call')
    expect(givenUp.json.items).to.have.lengthOf(1)
    expect(givenUp.json.items[0]).to.include({
      deliveryId,
      type: 'execution.completed',
      lastError: 'HTTP 500',
    })
    expect(givenUp.json.items[0]).not.to.have.property('payload')
    const retried = await trial.ask(`POST /api/v1/webhooks/deliveries/${deliveryId}/retry`, { as: 'operate' })
    expect([retried.status, retried.json['state']]).to.deep.equal([202, 'pending'])
    expect((await trial.ask('GET /api/v1/webhooks/deliveries?state=given-up')).json.items).to.deep.equal([])

    await webhooks.disable('on-call', 'it has answered 410')
    const disabled = await trial.ask('GET /api/v1/webhooks')
    expect(disabled.json.items[0]).to.have.nested.property('disabled.reason', 'it has answered 410')
    expect((await trial.ask('POST /api/v1/webhooks/on-call/enable')).status).to.equal(200)
    expect((await trial.ask('GET /api/v1/webhooks')).json.items[0]).to.include({ disabled: null, givenUp: 2 })
  })

  it('purges what is over, or says what it would', async () => {
    const dry = await trial.ask('POST /api/v1/maintenance/purge', {
      json: { olderThan: '0s', keepLast: 0, job: 'greet', dryRun: true },
    })
    expect(dry.json).to.include({ dryRun: true, stopped: false })
    const weeks = await trial.ask('POST /api/v1/maintenance/purge', {
      json: { olderThan: '2w', dryRun: true },
    })
    const twoWeeksAgo = new Date(FIXED_CLOCK.now().getTime() - 14 * 86_400_000)
    expect(weeks.json['endedBefore']).to.equal(twoWeeksAgo.toISOString())
    expect(
      (await trial.ask('POST /api/v1/maintenance/purge', { json: { olderThan: 'long' } })).status,
    ).to.equal(422)
  })
})
