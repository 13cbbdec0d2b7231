/** Launches, their ends, and who may write in between. */
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { BatchError } from '../../core/model/batch-error.ts'
import type { LatestExecution, LaunchVerdict } from '../../core/ports/launch.ts'
import {
  assertRefused,
  DEFINITION,
  finish,
  jobEnd,
  OWNER,
  PARAMETERS,
  RECOVER,
  type RepositoryTrial,
  stepEnd,
  valuesOf,
} from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const LAUNCH_PROMISES: Readonly<Record<string, Check>> = {
  'a first launch makes an instance and an execution that is STARTING': startsFirst,
  'a launch sees the latest execution of its instance and no other': seesLatest,
  'a launch sees how the latest execution was defined, and how each step of the instance ended':
    seesDefinition,
  'a refused launch throws the verdict and changes nothing': refuses,
  'a job name and a key are one instance': keepsInstances,
  'of many launches at once one starts': startsOne,
  'start and end are recorded with their times, exit and context': recordsCourse,
  'an exit code or description that is too long is cut, with a mark': cutsExit,
  'a restart continues the context and knows the previous steps': restarts,
  'a step that is repeated counts from its last completion': countsSinceCompletion,
  'a recovery closes the execution and its running steps as FAILED': recovers,
  'who lost the lease can write nothing': fencesFormerOwner,
  'a heartbeat renews the lease': beats,
  'a lease that has run out is seen by the next launch': expires,
  'a stop is recorded once, told by commit and heartbeat, and never undoes an end': stops,
  'an execution that was asked to stop before it began stays STOPPING': stopsBeforeStart,
}

async function startsFirst({ launch, find, jobName }: RepositoryTrial): Promise<void> {
  const seen: (LatestExecution | undefined)[] = []
  const launched = await launch('first', undefined, {
    decide: (latest) => {
      seen.push(latest)
      return { action: 'start' }
    },
  })
  assert.deepEqual(seen, [undefined])
  const { execution } = launched
  assert.equal(execution.status, 'STARTING')
  assert.deepEqual(execution.exitStatus, { exitCode: 'UNKNOWN', exitDescription: '' })
  assert.equal(execution.jobInstance.jobName, jobName)
  assert.deepEqual(execution.jobParameters, PARAMETERS)
  assert.deepEqual(valuesOf(execution.executionContext), {})
  assert.equal(launched.claim.jobExecutionId, execution.id)
  assert.equal(launched.restartOf, null)
  assert.equal(launched.recovered, null)
  assert.equal(launched.previousSteps.size, 0)
  assert.ok(Math.abs(execution.createTime.getTime() - Date.now()) < 60_000, 'times are in UTC')
  const found = await find(launched.claim)
  assert.deepEqual(found, { ...execution, stepExecutions: [] })
  assert.equal(found.owner?.leaseExpired, false)
  assert.equal(found.owner.pid, OWNER.pid)
}

async function seesLatest({ launch, repository }: RepositoryTrial): Promise<void> {
  const first = await launch('seen')
  await repository.endJobExecution(first.claim, jobEnd('FAILED'))
  const second = await launch('seen', { action: 'restart' })
  await launch('other')
  let seen: LatestExecution | undefined
  const decide = (latest: LatestExecution | undefined): LaunchVerdict => {
    seen = latest
    return { action: 'refuse', error: new BatchError('JOB_EXECUTION_ALREADY_RUNNING', 'as the case says') }
  }
  await assertRefused(launch('seen', undefined, { decide }), 'JOB_EXECUTION_ALREADY_RUNNING')
  assert.equal(seen?.execution.id, second.execution.id)
  assert.equal(seen.execution.status, 'STARTING')
  assert.deepEqual(seen.execution.jobParameters, PARAMETERS)
  assert.equal(seen.owner?.generation, second.claim.generation)
  assert.equal(seen.owner.host, OWNER.host)
}

async function seesDefinition({ started, begin, launch, repository }: RepositoryTrial): Promise<void> {
  const first = await started('defined')
  await finish(await begin(first.claim, 'extract'), stepEnd('COMPLETED'))
  await finish(await begin(first.claim, 'load'), stepEnd('FAILED'))
  await repository.endJobExecution(first.claim, jobEnd('FAILED'))
  const second = await started('defined', { action: 'restart' })
  await finish(await begin(second.claim, 'load'), stepEnd('STOPPED'))
  const seen: (LatestExecution | undefined)[] = []
  const decide = (latest: LatestExecution | undefined): LaunchVerdict => {
    seen.push(latest)
    return { action: 'refuse', error: new BatchError('JOB_EXECUTION_ALREADY_RUNNING', 'as the case says') }
  }
  await assertRefused(launch('defined', undefined, { decide }), 'JOB_EXECUTION_ALREADY_RUNNING')
  await repository.endJobExecution(second.claim, jobEnd('FAILED'))
  const changed = { ...DEFINITION, steps: [] }
  await launch('defined', { action: 'restart' }, { definition: changed })
  await assertRefused(launch('defined', undefined, { decide }), 'JOB_EXECUTION_ALREADY_RUNNING')
  assert.deepEqual(
    seen.map((latest) => latest?.definition),
    [DEFINITION, changed],
  )
  const statuses = new Map([
    ['extract', 'COMPLETED'],
    ['load', 'STOPPED'],
  ])
  for (const latest of seen) assert.deepEqual(latest?.stepStatuses, statuses)
}

async function refuses({ launch, repository, jobName }: RepositoryTrial): Promise<void> {
  const error = new BatchError('JOB_RESTART_REFUSED', 'as the case says')
  await assert.rejects(launch('refused', { action: 'refuse', error }), (thrown) => thrown === error)
  assert.deepEqual(await repository.listJobInstances({ jobName, limit: 10 }), [])
  assert.deepEqual(await repository.listJobExecutions({ jobName, limit: 10 }), [])
}

async function keepsInstances({ launch, jobName, repository }: RepositoryTrial): Promise<void> {
  const one = await launch('one')
  await repository.endJobExecution(one.claim, jobEnd('FAILED'))
  const again = await launch('one', { action: 'restart' })
  const other = await launch('other')
  const otherJob = await launch('one', undefined, { jobName: `${jobName}-2` })
  assert.equal(again.execution.jobInstance.id, one.execution.jobInstance.id)
  const instances = [again, other, otherJob].map(({ execution }) => execution.jobInstance.id)
  assert.equal(new Set(instances).size, 3)
  assert.ok(Number(again.execution.id) > Number(one.execution.id), 'ids rise')
}

async function startsOne({ launch, repository, jobName }: RepositoryTrial): Promise<void> {
  const decide = (latest: LatestExecution | undefined): LaunchVerdict =>
    latest === undefined
      ? { action: 'start' }
      : { action: 'refuse', error: new BatchError('JOB_EXECUTION_ALREADY_RUNNING', 'as the case says') }
  const outcomes = await Promise.allSettled(
    Array.from({ length: 12 }, () => launch('race', undefined, { decide })),
  )
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') {
      await assertRefused(Promise.reject(outcome.reason), 'JOB_EXECUTION_ALREADY_RUNNING')
    }
  }
  assert.equal((await repository.listJobExecutions({ jobName, limit: 20 })).length, 1)
}

async function recordsCourse({ started, find, repository }: RepositoryTrial): Promise<void> {
  const { claim, execution } = await started('course')
  const running = await find(claim)
  assert.equal(running.status, 'STARTED')
  assert.ok(running.startTime !== null && running.startTime >= execution.createTime)
  assert.equal(running.endTime, null)
  await repository.endJobExecution(claim, jobEnd('COMPLETED', { rows: 12n }))
  const ended = await find(claim)
  assert.equal(ended.status, 'COMPLETED')
  assert.deepEqual(ended.exitStatus, { exitCode: 'COMPLETED', exitDescription: 'ended COMPLETED' })
  assert.ok(ended.endTime !== null && ended.endTime >= running.startTime)
  assert.ok(ended.version > running.version && running.version > execution.version)
  assert.deepEqual(valuesOf(ended.executionContext), { rows: 12n })
  assert.equal(ended.owner?.leaseExpired, true, 'nobody has to wait for the lease of an ended execution')
  assert.equal(ended.owner.host, OWNER.host, 'who ran it stays known')
}

async function cutsExit({ started, begin, find, repository }: RepositoryTrial): Promise<void> {
  const { claim } = await started('cut')
  const tooLong = { exitCode: 'C'.repeat(3000), exitDescription: 'D'.repeat(3000) }
  await finish(await begin(claim, 'load'), { ...stepEnd('FAILED'), exitStatus: tooLong })
  await repository.endJobExecution(claim, { ...jobEnd('FAILED'), exitStatus: tooLong })
  const { exitStatus, stepExecutions } = await find(claim)
  assert.match(exitStatus.exitCode, /^C{2498} …$/)
  assert.match(exitStatus.exitDescription, /^D{2498} …$/)
  assert.deepEqual(stepExecutions[0]?.exitStatus, exitStatus)
}

async function restarts({ started, begin, commit, repository }: RepositoryTrial): Promise<void> {
  const first = await started('restart')
  const load = await begin(first.claim, 'load')
  await commit(load, { readCount: 10, writeCount: 9, filterCount: 1, commitCount: 1 }, { at: 10n })
  await finish(
    load,
    stepEnd('FAILED', { readCount: 10, writeCount: 9, filterCount: 1, commitCount: 1 }, { at: 10n }),
  )
  await repository.endJobExecution(first.claim, jobEnd('FAILED', { day: 'monday' }))
  const second = await started('restart', { action: 'restart' })
  assert.equal(second.restartOf, first.execution.id)
  assert.equal(second.recovered, null)
  assert.deepEqual(valuesOf(second.execution.executionContext), { day: 'monday' })
  const again = await begin(second.claim, 'load', { at: 10n })
  await finish(again, stepEnd('FAILED', { readCount: 5, writeCount: 5, commitCount: 1 }, { at: 15n }))
  await finish(await begin(second.claim, 'report'), stepEnd('COMPLETED'))
  await repository.endJobExecution(second.claim, jobEnd('FAILED'))
  const { previousSteps } = await started('restart', { action: 'restart' })
  assert.deepEqual([...previousSteps.keys()].toSorted(), ['load', 'report'])
  const previous = previousSteps.get('load')
  assert.ok(previous)
  assert.equal(previous.last.id, again.stepExecution.id)
  assert.equal(previous.last.status, 'FAILED')
  assert.deepEqual(valuesOf(previous.last.executionContext), { at: 15n })
  assert.equal(previous.ours, true)
  assert.equal(previous.startCount, 2)
  const { readCount, writeCount, filterCount, commitCount } = previous.counts
  assert.deepEqual(
    { readCount, writeCount, filterCount, commitCount },
    {
      readCount: 15,
      writeCount: 14,
      filterCount: 1,
      commitCount: 2,
    },
  )
}

async function countsSinceCompletion({ started, begin, repository }: RepositoryTrial): Promise<void> {
  const seen: unknown[] = []
  const ends = ['FAILED', 'COMPLETED', 'FAILED', 'STOPPED'] as const
  for (const status of ends) {
    const { claim, previousSteps } = await started(
      'repeat',
      seen.length > 0 ? { action: 'restart' } : undefined,
    )
    const previous = previousSteps.get('load')
    seen.push([previous?.startCount, previous?.counts.readCount])
    await finish(await begin(claim, 'load'), stepEnd(status, { readCount: 10 }))
    await finish(await begin(claim, 'other'), stepEnd('COMPLETED'))
    await repository.endJobExecution(claim, jobEnd('FAILED'))
  }
  const { previousSteps } = await started('repeat', { action: 'restart' })
  const last = previousSteps.get('load')
  seen.push([last?.startCount, last?.counts.readCount])
  assert.deepEqual(seen, [
    [undefined, undefined],
    [1, 10],
    [2, 0],
    [3, 10],
    [4, 20],
  ])
}

async function recovers({ started, begin, commit, launch, find }: RepositoryTrial): Promise<void> {
  const dead = await started('recover')
  await finish(await begin(dead.claim, 'first'), stepEnd('COMPLETED'))
  const session = await begin(dead.claim, 'load')
  await commit(session, { readCount: 3 }, { at: 3n })
  const next = await launch('recover', RECOVER)
  assert.equal(next.restartOf, dead.execution.id)
  assert.equal(next.recovered, dead.execution.id)
  assert.equal(next.previousSteps.get('load')?.last.status, 'FAILED')
  assert.deepEqual(valuesOf(next.execution.executionContext), { from: 'step' })
  const closed = await find(dead.claim)
  assert.equal(closed.status, 'FAILED')
  assert.deepEqual(closed.exitStatus, { exitCode: 'FAILED', exitDescription: 'its process is gone' })
  assert.ok(closed.endTime)
  const [first, load] = closed.stepExecutions
  assert.equal(first?.status, 'COMPLETED')
  assert.equal(load?.status, 'FAILED')
  assert.equal(load.exitStatus.exitCode, 'FAILED')
  assert.ok(load.endTime)
  assert.equal(load.readCount, 3)
  assert.deepEqual(valuesOf(load.executionContext), { at: 3n })
  await session.close()
}

async function fencesFormerOwner({
  started,
  begin,
  commit,
  launch,
  find,
  repository,
}: RepositoryTrial): Promise<void> {
  const dead = await started('fence')
  const session = await begin(dead.claim, 'load')
  await launch('fence', RECOVER)
  const before = await find(dead.claim)
  assert.ok(Number(before.owner?.generation) > Number(dead.claim.generation))
  await assertRefused(repository.startJobExecution(dead.claim), 'LEASE_LOST')
  await assertRefused(commit(session, { readCount: 1 }), 'LEASE_LOST')
  await assertRefused(session.end(stepEnd('COMPLETED')), 'LEASE_LOST')
  await assertRefused(begin(dead.claim, 'report'), 'LEASE_LOST')
  await assertRefused(repository.abandonStep(dead.claim, session.stepExecution.id), 'LEASE_LOST')
  await assertRefused(repository.endJobExecution(dead.claim, jobEnd('COMPLETED')), 'LEASE_LOST')
  assert.deepEqual(await repository.heartbeat(dead.claim, 30_000), { lease: 'lost' })
  const after = await find(dead.claim)
  assert.deepEqual(after, before)
  await session.close()
}

async function beats({ started, find, repository }: RepositoryTrial): Promise<void> {
  const { claim } = await started('beat')
  const before = await find(claim)
  await wait(5)
  assert.deepEqual(await repository.heartbeat(claim, 90_000), { lease: 'held', jobStatus: 'STARTED' })
  const after = await find(claim)
  assert.ok(before.owner && after.owner)
  assert.ok(after.owner.heartbeatAt > before.owner.heartbeatAt)
  assert.equal(after.owner.leaseExpiresAt.getTime() - after.owner.heartbeatAt.getTime(), 90_000)
  const unknown = { jobExecutionId: '999999999', generation: '1' }
  assert.deepEqual(await repository.heartbeat(unknown, 30_000), { lease: 'lost' })
}

async function expires({ launch }: RepositoryTrial): Promise<void> {
  await launch('expire', undefined, { leaseMilliseconds: 1 })
  await wait(20)
  const error = new BatchError('JOB_EXECUTION_ALREADY_RUNNING', 'as the case says')
  let expired: boolean | undefined
  const decide = (latest: LatestExecution | undefined): LaunchVerdict => {
    expired = latest?.owner?.leaseExpired
    return { action: 'refuse', error }
  }
  await assertRefused(launch('expire', undefined, { decide }), 'JOB_EXECUTION_ALREADY_RUNNING')
  assert.equal(expired, true)
}

async function stops({ started, begin, commit, find, repository }: RepositoryTrial): Promise<void> {
  const { claim } = await started('stop')
  const session = await begin(claim, 'load')
  assert.equal(await commit(session, {}), 'STARTED')
  assert.equal(await repository.requestStop(claim.jobExecutionId, 'anna'), true)
  const stopping = await find(claim)
  assert.equal(stopping.status, 'STOPPING')
  assert.equal(stopping.endTime, null, 'only the owner writes the end')
  assert.deepEqual(await repository.heartbeat(claim, 30_000), { lease: 'held', jobStatus: 'STOPPING' })
  assert.equal(await commit(session, {}), 'STOPPING')
  await finish(session, stepEnd('COMPLETED'))
  await repository.endJobExecution(claim, jobEnd('COMPLETED'))
  assert.equal((await find(claim)).status, 'COMPLETED')
  assert.equal(await repository.requestStop(claim.jobExecutionId, 'anna'), false)
  assert.equal((await find(claim)).status, 'COMPLETED')
  assert.equal(await repository.requestStop('999999999', 'anna'), false)
  assert.equal(await repository.requestStop('no id', 'anna'), false)
}

async function stopsBeforeStart({ launch, find, repository }: RepositoryTrial): Promise<void> {
  const { claim } = await launch('early')
  assert.equal(await repository.requestStop(claim.jobExecutionId, 'anna'), true)
  await repository.startJobExecution(claim)
  const found = await find(claim)
  assert.equal(found.status, 'STOPPING')
  assert.ok(found.startTime)
}
