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
  'a fired slot is queued again for its own execution only': requeues,
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

async function requeues(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire, fires } = firing(trial)
  const { execution } = launchedBy(await fire(SLOT))
  const { requeue } = trial.repository.schedules
  assert.equal(await requeue({ schedule, slot: SLOT, jobExecutionId: '0' }, 'stopped'), false)
  assert.equal(await requeue({ schedule, slot: SLOT, jobExecutionId: execution.id }, 'stopped'), true)
  const [row] = await fires()
  assert.deepEqual([row?.outcome, row?.detail, row?.jobExecutionId], ['QUEUED', 'stopped', execution.id])
}

async function covers(trial: RepositoryTrial): Promise<void> {
  const { schedules } = trial.repository
  const [one, other] = [`one-${randomUUID()}`, `other-${randomUUID()}`]
  await schedules.register([one], SLOT)
  await schedules.cover(one, LATER)
  await schedules.cover(one, SLOT)
  const states = await schedules.register([other, one], LATER)
  assert.deepEqual(states, [
    { schedule: other, registeredAt: LATER, coveredUntil: LATER, pause: null },
    { schedule: one, registeredAt: SLOT, coveredUntil: LATER, pause: null },
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
  assert.equal((await schedules.resume(schedule, LATER)).pause, null)
  assert.equal((await schedules.register([schedule], LATER))[0]?.pause, null)
}

async function lists(trial: RepositoryTrial): Promise<void> {
  const { schedule, fire } = firing(trial)
  const { schedules } = trial.repository
  const first = launchedBy(await fire(SLOT))
  await trial.repository.endJobExecution(first.claim, jobEnd('FAILED'))
  const second = await trial.launch(String(SLOT.getTime()), { action: 'restart' })
  await fire(LATER, QUEUE)
  const newest = await schedules.listFires({ schedule, limit: 1 })
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
