/** The fire ledger: one row for each slot, in one transaction with the launch. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { BatchError } from '../../core/model/batch-error.ts'
import type { ScheduleFire } from '../../core/model/schedule-fire.ts'
import type { FireAnswer, FireGround, FireRequest } from '../../core/ports/schedule-store.ts'
import type { Launched, LaunchVerdict } from '../../core/ports/launch.ts'
import { DEFINITION, FACTS, jobEnd, OWNER, PARAMETERS, type RepositoryTrial } from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const SCHEDULE_PROMISES: Readonly<Record<string, Check>> = {
  'a fire launches, and its row names the execution': firesOnce,
  'of many that fire a slot at once one launches': firesOneOfMany,
  'a decision sees the live executions of the job, the queue and the pause': showsGround,
  'a slot that is recorded is not launched, and may be taken over later': takesOver,
  'a slot that waits is superseded by a later one that says so': supersedes,
  'a fire whose launch is refused says why in its row': recordsRefusal,
  'a refusal never replaces a slot that was fired': keepsFired,
  'a fire that is left changes nothing': leaves,
  'slots without a row are recorded once': recordsOnce,
  'of several that look through the same slots one says what becomes of them': recordsUpTo,
  'slots are queued for a backfill, and wait behind all others': queues,
  'a backfill that waits is cancelled, and says by whom; what waits otherwise is not': cancels,
  'a decision sees which runs belong to backfills': showsBackfills,
  'a slot that was fired, and queued since, is FIRED again when its launch is refused': staysFired,
  'a decision sees how the slot before has ended, and may pause the schedule': pausesByFire,
  'a schedule is known since it was registered first, and covered further and further': covers,
  'a pause is kept with its note until it is resumed': pauses,
  'fires are listed by slot, with the latest execution of their instance': lists,
}

const SLOT = new Date('2026-03-01T02:00:00.000Z')
const LATER = new Date('2026-03-02T02:00:00.000Z')

interface Firing {
  readonly schedule: string
  readonly fire: (
    slot: Date,
    decide?: FireRequest['decide'],
    options?: Partial<FireRequest> & { readonly verdict?: LaunchVerdict; readonly key?: string },
  ) => Promise<FireAnswer>
  readonly fires: () => Promise<readonly ScheduleFire[]>
}

function firing({ repository, jobName }: RepositoryTrial): Firing {
  const schedule = `schedule-${randomUUID()}`
  return {
    schedule,
    fire: (slot, decide = () => ({ action: 'launch' }), { verdict, key, ...options } = {}) =>
      repository.schedules.fire({
        schedule,
        slot,
        by: 'a process',
        replaces: [],
        decide,
        launch: {
          jobName,
          jobKey: (key ?? String(slot.getTime())).padEnd(32, '0'),
          parameters: PARAMETERS,
          owner: OWNER,
          leaseMilliseconds: 30_000,
          by: `schedule ${schedule}`,
          definition: DEFINITION,
          facts: FACTS,
          decide: () => verdict ?? { action: 'start' },
        },
        ...options,
      }),
    fires: () => repository.schedules.listFires({ schedule, order: 'oldest-first', limit: 100 }),
  }
}

function launchedBy(answer: FireAnswer): Launched {
  if (answer.outcome === 'FIRED') return answer.launched
  throw new assert.AssertionError({ message: `expected a launch, not ${JSON.stringify(answer)}` })
}

const QUEUE: FireRequest['decide'] = () => ({ action: 'record', outcome: 'QUEUED', detail: 'waits' })
const REFUSE: LaunchVerdict = {
  action: 'refuse',
  error: new BatchError('JOB_INSTANCE_ALREADY_COMPLETE', 'as the case says'),
}

async function firesOnce(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire, fires } = firing(trial)
  const launched = launchedBy(await fire(SLOT))
  assert.equal((await trial.find(launched.claim)).status, 'STARTING')
  const [row, ...others] = await fires()
  assert.equal(others.length, 0)
  assert.ok(row !== undefined && Math.abs(row.firedAt.getTime() - Date.now()) < 60_000)
  const { firedAt: _, ...rest } = row
  assert.deepEqual(rest, {
    schedule,
    slot: SLOT,
    outcome: 'FIRED',
    jobExecutionId: launched.execution.id,
    latest: { jobExecutionId: launched.execution.id, status: 'STARTING' },
    firedBy: 'a process',
    detail: null,
    maxActive: null,
  })
  const actions = await trial.repository.listOperatorActions(launched.execution.id)
  assert.deepEqual(
    actions.map(({ action, by }) => [action, by]),
    [['launch', `schedule ${schedule}`]],
  )
  const again = await fire(SLOT)
  assert.deepEqual(again, { outcome: 'taken', fire: row })
}

async function firesOneOfMany(trial: RepositoryTrial): Promise<void> {
  const { fire, fires } = firing(trial)
  const answers = await Promise.all(Array.from({ length: 6 }, () => fire(SLOT)))
  assert.deepEqual(answers.map(({ outcome }) => outcome).toSorted(), [
    'FIRED',
    ...Array.from({ length: 5 }, () => 'taken'),
  ])
  const executions = await trial.repository.listJobExecutions({ jobName: trial.jobName, limit: 10 })
  assert.equal(executions.length, 1)
  assert.equal((await fires()).length, 1)
}

async function showsGround(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire } = firing(trial)
  const ended = launchedBy(await fire(new Date(0)))
  await trial.repository.endJobExecution(ended.claim, jobEnd('COMPLETED'))
  const { execution } = await trial.launch('by hand')
  await fire(SLOT, QUEUE)
  await trial.repository.schedules.register([schedule], SLOT)
  await trial.repository.schedules.pause(schedule, { by: 'anna', note: 'a fair', at: LATER })
  const seen: FireGround[] = []
  await fire(LATER, (ground) => {
    seen.push(ground)
    return { action: 'leave', reason: 'seen' }
  })
  const [ground] = seen
  assert.deepEqual(
    ground?.live.map(({ id, status, owner }) => [id, status, owner?.pid]),
    [[execution.id, 'STARTING', OWNER.pid]],
  )
  assert.deepEqual(ground.queued, [SLOT])
  assert.deepEqual(ground.state?.pause, { by: 'anna', note: 'a fair', since: LATER })
}

async function takesOver(trial: RepositoryTrial): Promise<void> {
  const { fire, fires } = firing(trial)
  const recorded = await fire(SLOT, QUEUE)
  assert.deepEqual(recorded, { outcome: 'QUEUED', detail: 'waits' })
  assert.equal((await trial.repository.listJobInstances({ jobName: trial.jobName, limit: 1 })).length, 0)
  assert.equal((await fire(SLOT)).outcome, 'taken')
  const launched = launchedBy(await fire(SLOT, undefined, { replaces: ['QUEUED'], by: 'another' }))
  const [row] = await fires()
  assert.equal(row?.outcome, 'FIRED')
  assert.equal(row.jobExecutionId, launched.execution.id)
  assert.equal(row.firedBy, 'another')
  assert.equal(row.detail, null)
}

async function supersedes(trial: RepositoryTrial): Promise<void> {
  const { fire, fires } = firing(trial)
  await fire(SLOT, QUEUE)
  await fire(LATER, () => ({ action: 'record', outcome: 'QUEUED', detail: 'waits', supersedes: true }))
  assert.deepEqual(
    (await fires()).map(({ outcome }) => outcome),
    ['SKIPPED', 'QUEUED'],
  )
}

async function recordsRefusal(trial: RepositoryTrial): Promise<void> {
  const { fire, fires } = firing(trial)
  const answer = await fire(SLOT, undefined, { verdict: REFUSE })
  assert.equal(answer.outcome, 'REFUSED')
  const [row] = await fires()
  assert.equal(row?.outcome, 'REFUSED')
  assert.match(row.detail ?? '', /^JOB_INSTANCE_ALREADY_COMPLETE: as the case says/)
  assert.equal(row.jobExecutionId, null)
  assert.equal((await trial.repository.listJobExecutions({ jobName: trial.jobName, limit: 1 })).length, 0)
}

async function keepsFired(trial: RepositoryTrial): Promise<void> {
  const { fire, fires } = firing(trial)
  await fire(SLOT)
  const before = await fires()
  const answer = await fire(SLOT, undefined, { verdict: REFUSE, replaces: ['FIRED'] })
  assert.equal(answer.outcome, 'left')
  assert.deepEqual(await fires(), before)
}

async function leaves(trial: RepositoryTrial): Promise<void> {
  const { fire, fires } = firing(trial)
  const answer = await fire(SLOT, () => ({ action: 'leave', reason: 'busy' }))
  assert.deepEqual(answer, { outcome: 'left', reason: 'busy' })
  await fire(LATER, QUEUE)
  const before = await fires()
  await fire(LATER, () => ({ action: 'leave', reason: 'busy' }), { replaces: ['QUEUED'] })
  assert.deepEqual(await fires(), before)
  assert.deepEqual(
    before.map(({ slot }) => slot),
    [LATER],
  )
}

async function recordsOnce(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire, fires } = firing(trial)
  await fire(SLOT)
  const row = { schedule, outcome: 'MISSED', by: 'a process', detail: 'nobody was there' } as const
  assert.deepEqual(await trial.repository.schedules.record([LATER, SLOT], row), [LATER])
  assert.deepEqual(await trial.repository.schedules.record([LATER, SLOT], row), [])
  assert.deepEqual(
    (await fires()).map(({ outcome, detail }) => [outcome, detail]),
    [
      ['FIRED', null],
      ['MISSED', 'nobody was there'],
    ],
  )
}

async function recordsUpTo(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire, fires } = firing(trial)
  const { schedules } = trial.repository
  const from = new Date(0)
  await schedules.register([schedule], from)
  await fire(SLOT)
  const row = { schedule, outcome: 'QUEUED', by: 'a process', detail: 'made up for' } as const
  const both = await Promise.all([
    schedules.recordUpTo([SLOT, LATER], row, { from, until: LATER }),
    schedules.recordUpTo([SLOT], row, { from, until: SLOT }),
  ])
  assert.equal(both.filter((one) => one === undefined).length, 1)
  const [state] = await schedules.register([schedule], from)
  const isFirst = both[0] !== undefined
  assert.deepEqual(state?.coveredUntil, isFirst ? LATER : SLOT)
  assert.deepEqual(both[isFirst ? 0 : 1], isFirst ? [LATER] : [])
  assert.deepEqual(
    (await fires()).map(({ outcome }) => outcome),
    isFirst ? ['FIRED', 'QUEUED'] : ['FIRED'],
  )
  const until = new Date(LATER.getTime() + 1)
  const onward = await schedules.recordUpTo([], row, { from: state?.coveredUntil ?? from, until })
  assert.deepEqual(onward, [])
}

const BACKFILL = { by: 'anna', detail: 'a backfill', replaces: ['MISSED'], maxActive: 2 } as const

async function queues(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire, fires } = firing(trial)
  const { schedules } = trial.repository
  const [missed, fired, fresh] = [new Date(1000), new Date(2000), new Date(3000)]
  await schedules.record([missed], { schedule, outcome: 'MISSED', by: 'a process', detail: 'late' })
  await fire(fired)
  await fire(LATER, QUEUE)
  const queued = await schedules.queue([fresh, fired, missed], { schedule, ...BACKFILL })
  assert.deepEqual(queued, [missed, fresh])
  const [row] = await fires()
  assert.deepEqual(
    [row?.outcome, row?.firedBy, row?.detail, row?.maxActive],
    ['QUEUED', 'anna', 'a backfill', 2],
  )
  const other = `other-${randomUUID()}`
  const slotsOf = async (limit: number) =>
    (await schedules.listQueued([other, schedule], limit)).map(({ slot }) => slot)
  assert.deepEqual(await slotsOf(5), [LATER, missed, fresh])
  assert.deepEqual(await slotsOf(2), [LATER, missed])
}

async function cancels(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire, fires } = firing(trial)
  const { schedules } = trial.repository
  const [fired, fresh, other] = [new Date(1000), new Date(2000), new Date(3000)]
  const { execution } = launchedBy(await fire(fired))
  await fire(LATER, QUEUE)
  await schedules.queue([fresh, fired], { schedule, ...BACKFILL, replaces: ['FIRED'] })
  await schedules.queue([other], { ...BACKFILL, schedule: `other-${schedule}` })
  const row = { by: 'ben', detail: 'cancelled by ben' }
  assert.deepEqual(await schedules.cancelBackfill(schedule, row), [fired, fresh])
  assert.deepEqual(
    (await fires()).map(({ outcome, firedBy, detail, jobExecutionId, maxActive }) => [
      outcome,
      firedBy,
      detail,
      jobExecutionId,
      maxActive,
    ]),
    [
      ['FIRED', 'ben', 'cancelled by ben', execution.id, null],
      ['SKIPPED', 'ben', 'cancelled by ben', null, null],
      ['QUEUED', 'a process', 'waits', null, null],
    ],
  )
  assert.equal((await fire(fresh, undefined, { replaces: ['QUEUED'] })).outcome, 'taken')
  assert.deepEqual(await schedules.cancelBackfill(schedule, row), [])
  assert.equal((await schedules.listQueued([`other-${schedule}`], 5)).length, 1)
}

async function showsBackfills(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire } = firing(trial)
  const byBackfill = launchedBy(await fire(SLOT, undefined, { maxActive: 3 }))
  const byHand = await trial.launch('by hand')
  await trial.repository.schedules.queue([new Date(1000), LATER], { schedule, ...BACKFILL })
  const seen: FireGround[] = []
  const look: FireRequest['decide'] = (ground) => {
    seen.push(ground)
    return { action: 'leave', reason: 'seen' }
  }
  await fire(LATER, look, { replaces: ['QUEUED'] })
  await fire(new Date(5000), look)
  assert.deepEqual(
    seen[0]?.live.map(({ id, isBackfill }) => [id, isBackfill]),
    [
      [byBackfill.execution.id, true],
      [byHand.execution.id, false],
    ],
  )
  assert.deepEqual(seen[0]?.queued, [], 'slots of backfills are nobody else to wait for')
  assert.deepEqual(
    seen.map(({ maxActive }) => maxActive),
    [2, null],
  )
}

async function staysFired(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire, fires } = firing(trial)
  const { execution } = launchedBy(await fire(SLOT))
  await trial.repository.schedules.queue([SLOT], { schedule, ...BACKFILL, replaces: ['FIRED'] })
  const answer = await fire(SLOT, undefined, { verdict: REFUSE, replaces: ['QUEUED'] })
  assert.equal(answer.outcome, 'left')
  assert.ok('error' in answer && answer.error !== undefined)
  const [row] = await fires()
  assert.deepEqual([row?.outcome, row?.jobExecutionId], ['FIRED', execution.id])
  assert.match(row?.detail ?? '', /^JOB_INSTANCE_ALREADY_COMPLETE/)
}

async function pausesByFire(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire, fires } = firing(trial)
  const { schedules } = trial.repository
  await schedules.register([schedule], SLOT)
  const seen: FireGround[] = []
  const pause: FireRequest['decide'] = (ground) => {
    seen.push(ground)
    return { action: 'record', outcome: 'PAUSED', detail: 'it failed', pauses: 'look at it' }
  }
  const failed = launchedBy(await fire(SLOT))
  await trial.repository.endJobExecution(failed.claim, jobEnd('FAILED'))
  await fire(new Date(SLOT.getTime() + 1), QUEUE)
  await fire(LATER, pause)
  await fire(SLOT, pause, { replaces: ['QUEUED'] })
  assert.deepEqual(
    seen.map(({ previous }) => [previous?.slot, previous?.jobExecutionId, previous?.status]),
    [[SLOT, failed.execution.id, 'FAILED']],
  )
  const ended = seen[0]?.previous?.endTime
  assert.deepEqual(ended, (await trial.find(failed.claim)).endTime)
  const [state] = await schedules.register([schedule], SLOT)
  assert.deepEqual([state?.pause?.by, state?.pause?.note], [`schedule ${schedule}`, 'look at it'])
  assert.equal((await fires()).at(-1)?.outcome, 'PAUSED')
}

async function covers(trial: RepositoryTrial): Promise<void> {
  const { schedules } = trial.repository
  const [one, other] = [`one-${randomUUID()}`, `other-${randomUUID()}`]
  await schedules.register([one], SLOT)
  await schedules.cover(one, LATER)
  await schedules.cover(one, SLOT)
  const states = await schedules.register([other, one], LATER)
  assert.deepEqual(states, [
    { schedule: other, registeredAt: LATER, coveredUntil: LATER, pause: null, resumed: null },
    { schedule: one, registeredAt: SLOT, coveredUntil: LATER, pause: null, resumed: null },
  ])
  const known = (await schedules.listStates()).map(({ schedule }) => schedule)
  assert.ok(known.includes(one) && known.includes(other))
}

async function pauses(trial: RepositoryTrial): Promise<void> {
  const { schedules } = trial.repository
  const schedule = `paused-${randomUUID()}`
  await schedules.pause(schedule, { by: 'anna', note: 'a fair', at: SLOT })
  const again = await schedules.pause(schedule, { by: 'ben', note: null, at: LATER })
  assert.deepEqual(again.pause, { by: 'ben', note: null, since: SLOT })
  const { pause, resumed } = await schedules.resume(schedule, { by: 'c'.repeat(300), at: LATER })
  assert.equal(pause, null)
  assert.ok(resumed !== null && Math.abs(resumed.at.getTime() - Date.now()) < 60_000)
  assert.equal(resumed.by?.length, 200)
  const [later] = await schedules.register([schedule], LATER)
  assert.deepEqual([later?.pause, later?.resumed], [null, resumed])
  const never = await schedules.resume(`never-${schedule}`, { by: 'ben', at: LATER })
  assert.equal(never.resumed?.by, 'ben')
}

async function lists(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire } = firing(trial)
  const { schedules } = trial.repository
  const first = launchedBy(await fire(SLOT))
  await trial.repository.endJobExecution(first.claim, jobEnd('FAILED'))
  const second = await trial.launch(String(SLOT.getTime()), { action: 'restart' })
  await fire(LATER, QUEUE)
  const newest = await schedules.listFires({ schedule, limit: 1 })
  const latest = await schedules.listLatestFires([`${schedule} unknown`, schedule])
  assert.deepEqual(latest, newest)
  assert.deepEqual(
    newest.map(({ slot }) => slot),
    [LATER],
  )
  const [fired] = await schedules.listFires({ schedule, after: new Date(0), until: SLOT, limit: 5 })
  assert.equal(fired?.jobExecutionId, first.execution.id)
  assert.deepEqual(fired.latest, { jobExecutionId: second.execution.id, status: 'STARTING' })
  assert.equal((await schedules.listFires({ schedule, after: SLOT, limit: 5 })).length, 1)
  assert.equal((await schedules.listFires({ schedule, outcomes: ['FIRED'], limit: 5 })).length, 1)
  const found = await schedules.findFireOfInstance(second.execution.jobInstance.id)
  assert.deepEqual(found, fired)
}
