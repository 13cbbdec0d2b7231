/** Purging: what goes, what stays, and that nobody who works is in its way. */
import assert from 'node:assert/strict'
import type { JobEnd } from '../../core/ports/job-repository.ts'
import type { Launched } from '../../core/ports/launch.ts'
import type { PurgeRequest } from '../../core/ports/purge.ts'
import { claimNext, numbered, planned } from './job-repository-partitions.ts'
import { redrive, TRADE, withItems } from './job-repository-quarantine.ts'
import { finish, jobEnd, type RepositoryTrial, stepEnd } from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const PURGE_PROMISES: Readonly<Record<string, Check>> = {
  'a purge deletes instances that are over, with their executions and steps, and no others': purgesOver,
  'what can be restarted is purged where that is asked for': purgesFailed,
  'an instance that can be restarted keeps all its executions, and the steps that it will not repeat':
    keepsWhole,
  'a purge spares what has ended later': sparesNewer,
  'a purge spares the last executions and the last instances of a job': keepsLast,
  'a purge that is only tried deletes nothing, and counts the same': triesPurge,
  'a purge goes on page by page': purgesPages,
  'skipped items that no redrive has dealt with keep their instance, unless they shall go': keepsQuarantined,
  'skipped items that a redrive may still come to are never purged': keepsHeld,
  'a purge takes the plan of a partitioned step along, its workers, and its parts in every execution':
    purgesPartitions,
  'an instance that was purged can be started anew': startsAnew,
  'a launch and a purge of one instance do not harm each other': purgesBesideLaunch,
  'the names of jobs are those with an instance': listsNames,
}

/** All that has ended until now. */
function purge({ repository, jobName }: RepositoryTrial, request: Partial<PurgeRequest> = {}) {
  return repository.purge({
    jobName,
    endedBefore: new Date(Date.now() + 60_000),
    keepLast: 0,
    statuses: ['COMPLETED', 'ABANDONED'],
    withQuarantined: false,
    dryRun: false,
    limit: 100,
    ...request,
  })
}

/** With one step, which ends as the execution does. */
async function ended(
  trial: RepositoryTrial,
  key: string,
  status: JobEnd['status'],
  verdict?: Parameters<RepositoryTrial['launch']>[1],
): Promise<Launched> {
  const launched = await trial.started(key, verdict)
  const sample = { number: 1, keepEvery: 1, progress: null }
  await finish(await trial.begin(launched.claim, 'load'), { ...stepEnd(status), sample })
  await trial.repository.endJobExecution(launched.claim, jobEnd(status))
  return launched
}

async function left({ repository, jobName }: RepositoryTrial): Promise<readonly string[]> {
  const executions = await repository.listJobExecutions({ jobName, limit: 100 })
  return executions.map(({ id }) => id).toReversed()
}

function idsOf(launched: readonly Launched[]): readonly string[] {
  return launched.map(({ execution }) => execution.id)
}

/** Of its step, which nobody finds any more when it is purged. */
async function samplesOf({ repository, find }: RepositoryTrial, { claim }: Launched) {
  const [step] = (await find(claim)).stepExecutions
  return () => repository.listSamples(step?.id ?? '')
}

async function purgesOver(trial: RepositoryTrial): Promise<void> {
  const { repository, jobName } = trial
  const complete = await ended(trial, 'complete', 'COMPLETED')
  const failed = await ended(trial, 'failed', 'FAILED')
  const stopped = await ended(trial, 'stopped', 'STOPPED')
  const live = await trial.started('live')
  const abandoned = await ended(trial, 'abandoned', 'FAILED')
  const { jobExecutionId } = abandoned.claim
  await repository.retire({ jobExecutionId, by: 'anna', decide: () => ({ action: 'abandon' }) })
  const first = await ended(trial, 'twice', 'FAILED')
  const second = await ended(trial, 'twice', 'COMPLETED', { action: 'restart' })
  const samples = await samplesOf(trial, complete)
  assert.equal((await samples()).length, 1)
  const counts = await purge(trial)
  assert.deepEqual(await samples(), [])
  assert.deepEqual(counts, { instances: 3, executions: 4, steps: 4, quarantined: 0, next: null })
  assert.deepEqual(await left(trial), idsOf([failed, stopped, live]))
  const instances = await repository.listJobInstances({ jobName, limit: 10 })
  assert.equal(instances.length, 3)
  for (const id of idsOf([complete, abandoned, first, second])) {
    assert.equal(await repository.findJobExecution(id), undefined)
    assert.deepEqual(await repository.listOperatorActions(id), [])
  }
}

async function purgesFailed(trial: RepositoryTrial): Promise<void> {
  const complete = await ended(trial, 'complete', 'COMPLETED')
  await ended(trial, 'failed', 'FAILED')
  await ended(trial, 'stopped', 'STOPPED')
  const live = await trial.started('live')
  const { instances } = await purge(trial, { statuses: ['FAILED', 'STOPPED'] })
  assert.equal(instances, 2)
  assert.deepEqual(await left(trial), idsOf([complete, live]))
}

async function keepsWhole(trial: RepositoryTrial): Promise<void> {
  const first = await ended(trial, 'failed', 'COMPLETED')
  const second = await ended(trial, 'failed', 'FAILED', { action: 'restart' })
  assert.equal((await purge(trial)).instances, 0)
  assert.deepEqual(await left(trial), idsOf([first, second]))
}

async function sparesNewer(trial: RepositoryTrial): Promise<void> {
  const complete = await ended(trial, 'complete', 'COMPLETED')
  const { endTime } = await trial.find(complete.claim)
  assert.ok(endTime)
  assert.equal((await purge(trial, { endedBefore: endTime })).instances, 0)
  assert.equal((await purge(trial, { endedBefore: new Date(endTime.getTime() + 1) })).instances, 1)
}

/** The first instance was the last to be executed. */
async function keepsLast(trial: RepositoryTrial): Promise<void> {
  const first = await ended(trial, 'a', 'FAILED')
  await ended(trial, 'b', 'COMPLETED')
  await ended(trial, 'c', 'COMPLETED')
  const newest = await ended(trial, 'd', 'COMPLETED')
  const again = await ended(trial, 'a', 'COMPLETED', { action: 'restart' })
  assert.equal((await purge(trial, { keepLast: 1 })).instances, 2)
  assert.deepEqual(await left(trial), idsOf([first, newest, again]))
}

async function triesPurge(trial: RepositoryTrial): Promise<void> {
  const launched = [await ended(trial, 'a', 'COMPLETED'), await ended(trial, 'b', 'COMPLETED')]
  const tried = await purge(trial, { dryRun: true })
  assert.deepEqual(await left(trial), idsOf(launched))
  assert.deepEqual(await purge(trial), tried)
  assert.deepEqual(await left(trial), [])
}

async function purgesPages(trial: RepositoryTrial): Promise<void> {
  const keys = ['a', 'b', 'c', 'd', 'e']
  for (const key of keys) await ended(trial, key, key === 'b' ? 'FAILED' : 'COMPLETED')
  const pages: number[] = []
  let after: string | null = '0'
  while (after !== null) {
    const part = await purge(trial, { limit: 2, after })
    pages.push(part.instances)
    after = part.next
  }
  assert.equal(
    pages.reduce((sum, instances) => sum + instances, 0),
    4,
  )
  assert.ok(pages.every((instances) => instances <= 2))
  assert.equal((await left(trial)).length, 1)
}

async function keepsQuarantined(trial: RepositoryTrial): Promise<void> {
  const { repository, jobName } = trial
  const launched = await withItems(trial, 'skips', [TRADE, TRADE])
  assert.equal((await purge(trial)).instances, 0)
  assert.deepEqual(await left(trial), idsOf([launched]))
  const { instances, quarantined } = await purge(trial, { withQuarantined: true })
  assert.deepEqual([instances, quarantined], [1, 2])
  assert.deepEqual(await repository.quarantine.list({ jobName, limit: 10 }), [])
}

async function keepsHeld(trial: RepositoryTrial): Promise<void> {
  const { repository } = trial
  const origin = await withItems(trial, 'held', [TRADE])
  const taken = await redrive(trial, origin)
  assert.ok(taken)
  const { launched } = taken
  assert.equal((await purge(trial, { withQuarantined: true })).instances, 0)
  await repository.endJobExecution(launched.claim, jobEnd('FAILED'))
  assert.equal((await purge(trial, { withQuarantined: true })).instances, 0)
  const { jobExecutionId } = launched.claim
  await repository.retire({ jobExecutionId, by: 'anna', decide: () => ({ action: 'abandon' }) })
  assert.equal((await purge(trial)).instances, 1)
  assert.deepEqual(await left(trial), idsOf([origin]))
  const [batch] = await repository.quarantine.listBatches(origin.execution.id)
  assert.equal(batch?.redriveJobInstanceId, null)
  assert.equal((await purge(trial, { withQuarantined: true })).instances, 1)
}

/** One part is done by each execution, of which the second works on the first one's plan. */
async function purgesPartitions(trial: RepositoryTrial): Promise<void> {
  const { repository } = trial
  const { claim } = await trial.started('parts')
  const { planId, manager } = await planned(trial, claim, numbered(2))
  await finish((await claimNext(trial, claim, planId)).session, stepEnd('COMPLETED'))
  await finish(manager, stepEnd('FAILED'))
  await repository.endJobExecution(claim, jobEnd('FAILED'))
  const again = await trial.started('parts', { action: 'restart' })
  const resumed = await trial.begin(again.claim, 'load')
  await repository.partitions.openPlan(again.claim, planId)
  await finish((await claimNext(trial, again.claim, planId)).session, stepEnd('COMPLETED'))
  await finish(resumed, stepEnd('COMPLETED'))
  await repository.endJobExecution(again.claim, jobEnd('COMPLETED'))
  const { instances, executions, steps } = await purge(trial)
  assert.deepEqual({ instances, executions, steps }, { instances: 1, executions: 2, steps: 4 })
  for (const { jobExecutionId } of [claim, again.claim]) {
    assert.deepEqual(await repository.partitions.listPartitionExecutions({ jobExecutionId, limit: 9 }), [])
    assert.deepEqual(await repository.partitions.listPartitionOverviews(jobExecutionId), [])
  }
}

async function startsAnew(trial: RepositoryTrial): Promise<void> {
  const before = await ended(trial, 'again', 'COMPLETED')
  await purge(trial)
  const after = await ended(trial, 'again', 'COMPLETED')
  assert.notEqual(after.execution.jobInstance.id, before.execution.jobInstance.id)
  assert.equal(after.previousSteps.size, 0)
}

async function purgesBesideLaunch(trial: RepositoryTrial): Promise<void> {
  const keys = Array.from({ length: 10 }, (_, number) => `race-${number}`)
  for (const key of keys) await ended(trial, key, 'FAILED')
  const purging = purge(trial, { statuses: ['FAILED'] })
  const [, ...launched] = await Promise.all([
    purging,
    ...keys.map((key) => trial.started(key, { action: 'restart' })),
  ])
  for (const { claim } of launched) {
    const { status } = await trial.find(claim)
    assert.equal(status, 'STARTED')
  }
}

async function listsNames(trial: RepositoryTrial): Promise<void> {
  const { repository, jobName } = trial
  assert.equal((await repository.listJobNames()).includes(jobName), false)
  await ended(trial, 'a', 'COMPLETED')
  await ended(trial, 'b', 'COMPLETED')
  const names = await repository.listJobNames()
  assert.equal(names.filter((name) => name === jobName).length, 1)
  await purge(trial)
  assert.equal((await repository.listJobNames()).includes(jobName), false)
}
