/** Events: each thing that happens leaves one, and each is looked at once. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { BatchEvent } from '../../core/model/batch-event.ts'
import type { RetireVerdict } from '../../core/ports/retirement.ts'
import { jobEnd, RECOVER, type RepositoryTrial } from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const EVENT_PROMISES: Readonly<Record<string, Check>> = {
  'a start and an end leave an event each, with what they have made of the execution': tellsStartAndEnd,
  'a start that is said twice is one event': tellsOneStart,
  'a stop leaves an event of its own': tellsStop,
  'a recovery leaves a stale execution, whoever does it': tellsRecovery,
  'an owner that gives up its own execution has failed, and is not stale': tellsGivenUp,
  'a failed execution whose steps are closed, and a refusal, leave no event': tellsNothingTwice,
  'an abandonment leaves an event': tellsAbandonment,
  'slots that are missed leave one event for all that are recorded together': tellsMissedSlots,
  'a look without a cursor answers only where to go on': looksFromNow,
  'looks that follow each other meet each event once, in pages too': looksInPages,
  'a cursor from elsewhere begins anew, and says so': beginsAnew,
  'a purge takes the events of its executions along': purgesEvents,
  'old events are pruned, a bounded number at once': prunes,
}

/** The events of the trial's job since the call. */
async function following({
  repository,
  jobName,
}: RepositoryTrial): Promise<() => Promise<readonly BatchEvent[]>> {
  let { cursor } = await repository.events.look()
  return async () => {
    const look = await repository.events.look(cursor, 10_000)
    cursor = look.cursor
    return look.events.filter((event) => event.jobName === jobName)
  }
}

async function tellsStartAndEnd(trial: RepositoryTrial): Promise<void> {
  const news = await following(trial)
  const { claim, execution } = await trial.started('a')
  await trial.repository.endJobExecution(claim, jobEnd('COMPLETED'))
  const { startTime, endTime } = await trial.find(claim)
  const [started, completed, ...others] = await news()
  const common = {
    jobExecutionId: execution.id,
    jobInstanceId: execution.jobInstance.id,
    jobName: trial.jobName,
    startTime,
  }
  assert.equal(others.length, 0)
  assert.ok(started !== undefined && completed !== undefined)
  assert.ok(Math.abs(started.occurredAt.getTime() - Date.now()) < 60_000)
  assert.deepEqual(withoutIds(started), {
    ...common,
    type: 'execution.started',
    status: 'STARTED',
    exitCode: 'UNKNOWN',
    exitMessage: '',
    endTime: null,
  })
  assert.deepEqual(withoutIds(completed), {
    ...common,
    type: 'execution.completed',
    status: 'COMPLETED',
    exitCode: 'COMPLETED',
    exitMessage: 'ended COMPLETED',
    endTime,
  })
}

function withoutIds(event: BatchEvent): object {
  const { id, occurredAt, ...rest } = event
  assert.ok(id !== '' && occurredAt instanceof Date)
  return rest
}

function typesOf(events: readonly BatchEvent[]): readonly unknown[] {
  return events.map((event) => [event.type, 'status' in event ? event.status : null])
}

async function tellsOneStart(trial: RepositoryTrial): Promise<void> {
  const news = await following(trial)
  const { claim } = await trial.launch('a')
  assert.deepEqual(await news(), [])
  await trial.repository.requestStop(claim.jobExecutionId, 'a test')
  await trial.repository.startJobExecution(claim)
  await trial.repository.startJobExecution(claim)
  assert.deepEqual(typesOf(await news()), [['execution.started', 'STOPPING']])
}

async function tellsStop(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('a')
  const news = await following(trial)
  await trial.repository.requestStop(claim.jobExecutionId, 'a test')
  await trial.repository.endJobExecution(claim, jobEnd('STOPPED'))
  assert.deepEqual(typesOf(await news()), [['execution.stopped', 'STOPPED']])
}

async function tellsRecovery(trial: RepositoryTrial): Promise<void> {
  const first = await trial.started('a')
  const news = await following(trial)
  const second = await trial.launch('a', RECOVER)
  const [stale, ...others] = await news()
  assert.deepEqual(typesOf([stale, ...others].filter((one) => one !== undefined)), [
    ['execution.stale', 'FAILED'],
  ])
  assert.ok(stale !== undefined && 'exitMessage' in stale)
  assert.equal(stale.jobExecutionId, first.execution.id)
  assert.equal(stale.exitMessage, 'its process is gone')
  assert.ok(stale.endTime !== null)
  await retire(trial, second.execution.id, { action: 'close', status: 'FAILED', reason: 'dead' })
  assert.deepEqual(typesOf(await news()), [['execution.stale', 'FAILED']])
}

function retire(
  { repository }: RepositoryTrial,
  id: string,
  verdict: RetireVerdict,
  by: string | null = 'anna',
) {
  return repository.retire({ jobExecutionId: id, by, decide: () => verdict })
}

async function tellsGivenUp(trial: RepositoryTrial): Promise<void> {
  const [one, other] = [await trial.started('a'), await trial.started('b')]
  const news = await following(trial)
  await retire(trial, one.execution.id, { action: 'close', status: 'FAILED', reason: 'signal' }, null)
  await retire(trial, other.execution.id, { action: 'close', status: 'STOPPED', reason: 'signal' }, null)
  assert.deepEqual(typesOf(await news()), [
    ['execution.failed', 'FAILED'],
    ['execution.stopped', 'STOPPED'],
  ])
}

async function tellsNothingTwice(trial: RepositoryTrial): Promise<void> {
  const { claim, execution } = await trial.started('a')
  const session = await trial.begin(claim, 'load')
  await trial.repository.endJobExecution(claim, jobEnd('FAILED'))
  await session.close()
  const news = await following(trial)
  await retire(trial, execution.id, { action: 'close', status: 'FAILED', reason: 'a step is open' })
  await retire(trial, execution.id, { action: 'leave' })
  await assert.rejects(retire(trial, execution.id, { action: 'refuse', error: new Error('no') }))
  assert.deepEqual(await news(), [])
}

async function tellsAbandonment(trial: RepositoryTrial): Promise<void> {
  const { claim, execution } = await trial.started('a')
  await trial.repository.endJobExecution(claim, jobEnd('FAILED'))
  const news = await following(trial)
  await retire(trial, execution.id, { action: 'abandon' })
  assert.deepEqual(typesOf(await news()), [['execution.abandoned', 'ABANDONED']])
}

async function tellsMissedSlots(trial: RepositoryTrial): Promise<void> {
  const { repository, jobName } = trial
  const news = await following(trial)
  const schedule = `schedule-${randomUUID()}`
  const days = [1, 2, 3].map((day) => new Date(Date.UTC(2026, 2, day)))
  const [first, second, third] = days as [Date, Date, Date]
  const row = { schedule, jobName, by: 'a process', detail: 'nobody was there' } as const
  await repository.schedules.record([first], { ...row, outcome: 'PAUSED' })
  await repository.schedules.record(days, { ...row, outcome: 'MISSED' })
  await repository.schedules.record(days, { ...row, outcome: 'MISSED' })
  const [missed, ...others] = await news()
  assert.equal(others.length, 0)
  assert.ok(missed !== undefined)
  assert.deepEqual(withoutIds(missed), {
    type: 'schedule.missed',
    schedule,
    jobName,
    firstSlot: second,
    lastSlot: third,
    slots: 2,
    detail: 'nobody was there',
  })
}

async function looksFromNow(trial: RepositoryTrial): Promise<void> {
  await trial.started('a')
  const { events, hasMore, startedAnew, cursor } = await trial.repository.events.look()
  assert.deepEqual({ events, hasMore, startedAnew }, { events: [], hasMore: false, startedAnew: false })
  assert.match(cursor, /^[\x21-\x7e]+$/)
  assert.deepEqual((await (await following(trial))()).length, 0)
}

async function looksInPages(trial: RepositoryTrial): Promise<void> {
  const { events } = trial.repository
  let { cursor } = await events.look()
  const started: string[] = []
  for (const key of ['a', 'b', 'c', 'd', 'e']) started.push((await trial.started(key)).execution.id)
  const seen: string[] = []
  for (let hasMore = true, page = 0; hasMore; page += 1) {
    const look = await events.look(cursor, 2)
    assert.ok(look.events.length <= 2 && page < 1000)
    // What comes in between two pages belongs to a later look.
    if (page === 0) started.push((await trial.started('f')).execution.id)
    seen.push(...ofJob(trial, look.events))
    ;({ cursor, hasMore } = look)
  }
  const rest = await events.look(cursor, 10_000)
  assert.deepEqual([...seen, ...ofJob(trial, rest.events)], started)
  assert.deepEqual(ofJob(trial, (await events.look(rest.cursor)).events), [])
}

function ofJob({ jobName }: RepositoryTrial, events: readonly BatchEvent[]): readonly string[] {
  return events.flatMap((one) =>
    'jobExecutionId' in one && one.jobName === jobName ? [one.jobExecutionId] : [],
  )
}

async function beginsAnew(trial: RepositoryTrial): Promise<void> {
  const { events } = trial.repository
  const { cursor } = await events.look()
  await trial.started('a')
  const elsewhere = [
    '',
    'nonsense',
    '1/10:20:',
    '1/20:10:',
    '0/1:1:/2:2:',
    "'; drop table x --",
    `${cursor.startsWith('9') ? 8 : 9}${cursor.slice(1)}0`,
  ]
  for (const [index, text] of elsewhere.entries()) {
    const look = await events.look(text)
    assert.deepEqual([look.startedAnew, look.events], [true, []], text)
    await trial.started(`after ${index}`)
    const next = await events.look(look.cursor)
    assert.equal(next.startedAnew, false)
    assert.equal(ofJob(trial, next.events).length, 1)
  }
}

async function purgesEvents(trial: RepositoryTrial): Promise<void> {
  const { repository, jobName } = trial
  const news = await following(trial)
  const { claim } = await trial.started('a')
  await repository.endJobExecution(claim, jobEnd('COMPLETED'))
  const kept = await trial.started('b')
  await repository.purge({
    jobName,
    endedBefore: new Date(Date.now() + 60_000),
    keepLast: 1,
    statuses: ['COMPLETED'],
    withQuarantined: false,
    limit: 10,
    dryRun: false,
  })
  assert.deepEqual(ofJob(trial, await news()), [kept.execution.id])
}

async function prunes(trial: RepositoryTrial): Promise<void> {
  const { events } = trial.repository
  const news = await following(trial)
  await trial.started('a')
  await events.prune(new Date(Date.now() - 60_000), 1000)
  await trial.started('b')
  assert.equal((await news()).length, 2)
  const { cursor } = await events.look()
  await trial.started('c')
  assert.equal(await events.prune(new Date(Date.now() + 60_000), 1), 1)
  while ((await events.prune(new Date(Date.now() + 60_000), 1000)) > 0);
  assert.deepEqual((await events.look(cursor)).events, [])
}
