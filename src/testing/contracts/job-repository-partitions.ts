/** Partitions: one plan, each part claimed by one worker, and taken from those that are gone. */
import assert from 'node:assert/strict'
import type { JsonValue } from '../../core/model/json-value.ts'
import type { Partition } from '../../core/model/partition.ts'
import { NO_COUNTS } from '../../core/model/step-execution.ts'
import type { Claim } from '../../core/ports/lease.ts'
import type { ClaimedPartition } from '../../core/ports/partition-store.ts'
import type { StepSession } from '../../core/ports/step-session.ts'
import {
  assertRefused,
  finish,
  jobEnd,
  OWNER,
  RECOVER,
  type RepositoryTrial,
  stepEnd,
  valuesOf,
} from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const PARTITION_PROMISES: Readonly<Record<string, Check>> = {
  'a plan keeps names and values of any JSON, bigints too, in its order': keepsPlan,
  'a plan whose transaction is not committed is not there': forgetsPlan,
  'of many workers each claims another partition, until none is open': claimsEachOnce,
  'a claimed partition is a step execution of its own, named after both': namesPartitions,
  'partitions stand apart from the steps, in pages, and by status': listsPartitions,
  'what has become of a plan is told in sums, for each execution apart': sumsUp,
  'a restart opens what is not complete, each with its context and counts': reopens,
  'partitions do not stand among the previous steps': hidesPartitions,
  'a worker that is given up loses its partitions, and cannot commit, end, beat or claim': retires,
  'a partition that has ended keeps its end when its worker is given up': keepsEnds,
  'a partition that takes its workers along stays failed after so many attempts': givesUpPartition,
  'workers whose lease has run out are found by the clock of the repository': findsExpired,
  'a partition commits under the fence of its job': fencesPartitions,
  'a recovery gives the partitioned step the sums that its process could not record': recoversSums,
}

const RANGES: readonly Partition[] = [
  { name: 'low', value: { from: 1, to: 5_000_000_000 } },
  { name: 'high', value: { from: 12_345_678_901_234_567n, to: -1n, tags: ['ü', null, [true, 0.5]] } },
  { name: 'text', value: 'a/b.csv' },
  { name: 'null', value: null },
]

/** A manager, with its plan stored and opened. */
export async function planned(
  trial: RepositoryTrial,
  claim: Claim,
  partitions: readonly Partition[],
): Promise<{ manager: StepSession; planId: string }> {
  const manager = await trial.begin(claim, 'load')
  const planId = manager.stepExecution.id
  await manager.commit({
    pipelined: false,
    work: (transaction) => trial.repository.partitions.storePlan(transaction, planId, partitions),
    progress: () => ({ counts: NO_COUNTS, executionContext: { plan: planId } }),
  })
  await trial.repository.partitions.openPlan(claim, planId)
  return { manager, planId }
}

export function numbered(count: number): readonly Partition[] {
  return Array.from({ length: count }, (_, index) => ({ name: `part${index + 1}`, value: index }))
}

async function keepsPlan(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('plan')
  const { planId, manager } = await planned(trial, claim, RANGES)
  const found = await trial.repository.partitions.findPartitions(planId, claim.jobExecutionId)
  assert.deepEqual(
    found.map(({ name, value }) => ({ name, value })),
    RANGES,
  )
  assert.ok(found.every(({ last }) => last === null))
  await manager.close()
}

async function forgetsPlan(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('no plan')
  const manager = await trial.begin(claim, 'load')
  const planId = manager.stepExecution.id
  const failing = manager.commit({
    pipelined: false,
    work: async (transaction) => {
      await trial.repository.partitions.storePlan(transaction, planId, RANGES)
      throw new Error('killed')
    },
    progress: () => ({ counts: NO_COUNTS, executionContext: {} }),
  })
  await assert.rejects(failing, /killed/)
  assert.deepEqual(await trial.repository.partitions.openPlan(claim, planId), { total: 0, completed: 0 })
  await manager.close()
}

async function claimsEachOnce(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('claims')
  const { planId, manager } = await planned(trial, claim, numbered(12))
  const { partitions } = trial.repository
  const work = async (): Promise<readonly JsonValue[]> => {
    const workerId = await partitions.beginWorker(claim, OWNER, 30_000)
    const values: JsonValue[] = []
    for (;;) {
      const claimed = await partitions.claimPartition(claim, { planId, stepName: 'load', workerId })
      if (claimed === undefined) return values
      values.push(claimed.partition.value)
      await finish(claimed.session, stepEnd('COMPLETED', { readCount: 1 }))
    }
  }
  const all = (await Promise.all([work(), work(), work()])).flat()
  assert.deepEqual(
    all.toSorted((one, other) => Number(one) - Number(other)),
    numbered(12).map(({ value }) => value),
  )
  assert.deepEqual(await partitions.openPlan(claim, planId), { total: 12, completed: 12 })
  await manager.close()
}

/** By a worker of its own. */
export async function claimNext(
  { repository: { partitions } }: RepositoryTrial,
  claim: Claim,
  planId: string,
  lease: number | null = null,
): Promise<ClaimedPartition & { readonly workerId: string }> {
  const workerId = await partitions.beginWorker(claim, OWNER, lease)
  const claimed = await partitions.claimPartition(claim, { planId, stepName: 'load', workerId })
  assert.ok(claimed, 'no partition is open')
  return { ...claimed, workerId }
}

function executionsIn({ repository: { partitions } }: RepositoryTrial, { jobExecutionId }: Claim) {
  return partitions.listPartitionExecutions({ jobExecutionId, limit: 100 })
}

async function namesPartitions(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('names')
  const { planId, manager } = await planned(trial, claim, RANGES)
  const { session, partition, earlierCounts } = await claimNext(trial, claim, planId)
  assert.deepEqual(partition, RANGES[0])
  assert.deepEqual(earlierCounts, NO_COUNTS)
  assert.equal(session.stepExecution.stepName, 'load:low')
  assert.equal(session.stepExecution.status, 'STARTED')
  assert.deepEqual(valuesOf(session.stepExecution.executionContext), {})
  const [first] = (await trial.find(claim)).stepExecutions
  const [second] = await executionsIn(trial, claim)
  assert.equal(first?.partition, undefined)
  assert.equal(second?.id, session.stepExecution.id)
  assert.deepEqual(second.partition, {
    stepName: 'load',
    name: 'low',
    worker: { host: OWNER.host, pid: OWNER.pid },
  })
  const states = await trial.repository.partitions.findPartitions(planId, claim.jobExecutionId)
  assert.deepEqual(
    states.map(({ last }) => last?.status),
    ['STARTED', undefined, undefined, undefined],
  )
  await session.close()
  await manager.close()
}

async function listsPartitions(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('pages')
  const { planId, manager } = await planned(trial, claim, numbered(5))
  const { partitions } = trial.repository
  const { jobExecutionId } = claim
  assert.deepEqual(await partitions.listPartitionOverviews(jobExecutionId), [])
  for (const status of ['COMPLETED', 'FAILED', 'COMPLETED'] as const) {
    const { session } = await claimNext(trial, claim, planId)
    await finish(session, stepEnd(status))
  }
  const { session } = await claimNext(trial, claim, planId)
  assert.deepEqual(
    (await trial.find(claim)).stepExecutions.map(({ stepName }) => stepName),
    ['load'],
  )
  const page = { jobExecutionId, limit: 2 }
  const first = await partitions.listPartitionExecutions(page)
  const second = await partitions.listPartitionExecutions({ ...page, after: first.at(-1)?.id ?? '' })
  assert.deepEqual(
    [...first, ...second].map(({ stepName, status }) => `${stepName} ${status}`),
    ['load:part1 COMPLETED', 'load:part2 FAILED', 'load:part3 COMPLETED', 'load:part4 STARTED'],
  )
  const failed = await partitions.listPartitionExecutions({ ...page, statuses: ['FAILED', 'STOPPED'] })
  assert.deepEqual(
    failed.map(({ partition }) => partition?.name),
    ['part2'],
  )
  assert.deepEqual(await partitions.listPartitionOverviews(jobExecutionId), [
    { stepName: 'load', planned: 5, open: 1, executions: { COMPLETED: 2, FAILED: 1, STARTED: 1 } },
  ])
  const ofStep = await partitions.listPartitionExecutions({ ...page, stepName: 'load' })
  assert.deepEqual(ofStep, first)
  assert.deepEqual(await partitions.listPartitionExecutions({ ...page, stepName: 'report' }), [])
  assert.deepEqual(await partitions.listPartitionExecutions({ jobExecutionId: '0', limit: 1 }), [])
  await session.close()
  await manager.close()
}

async function sumsUp(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('sums of a plan')
  const { planId, manager } = await planned(trial, claim, numbered(4))
  const { partitions } = trial.repository
  const find = (of: Claim) => partitions.findPlanState(planId, of.jobExecutionId)
  const names = (from: number) => [1, 2, 3, 4].slice(from).map((n) => `part${n}`)
  assert.deepEqual(await find(claim), {
    total: 4,
    failed: { count: 0, names: [], firstReason: '' },
    incomplete: { count: 4, names: names(0) },
    exitCodes: [],
    counts: NO_COUNTS,
    countsHere: NO_COUNTS,
  })
  for (const [status, readCount] of [
    ['COMPLETED', 7],
    ['FAILED', 5],
  ] as const) {
    const { session } = await claimNext(trial, claim, planId)
    const end = stepEnd(status, { readCount })
    await finish(session, {
      ...end,
      exitStatus: { exitCode: status, exitDescription: `${status} of ${readCount}` },
    })
  }
  const found = await find(claim)
  assert.deepEqual(found.failed, { count: 1, names: ['part2'], firstReason: 'FAILED of 5' })
  assert.deepEqual(found.incomplete, { count: 3, names: names(1) })
  assert.deepEqual(found.exitCodes.toSorted(), ['COMPLETED', 'FAILED'])
  assert.deepEqual([found.counts.readCount, found.countsHere.readCount], [12, 12])
  await finish(manager, stepEnd('FAILED'))
  await trial.repository.endJobExecution(claim, jobEnd('FAILED'))

  const again = await trial.launch('sums of a plan', { action: 'restart' })
  await partitions.openPlan(again.claim, planId)
  assert.equal((await find(again.claim)).failed.count, 0, 'it may be begun again')
  const { session } = await claimNext(trial, again.claim, planId)
  await finish(session, stepEnd('COMPLETED', { readCount: 3 }))
  const after = await find(again.claim)
  assert.deepEqual([after.counts.readCount, after.countsHere.readCount], [15, 3])
  assert.deepEqual(after.incomplete, { count: 2, names: names(2) })
  assert.deepEqual(after.exitCodes, ['COMPLETED'])
}

async function reopens(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('reopen')
  const { planId, manager } = await planned(trial, claim, numbered(3))
  const done = await claimNext(trial, claim, planId)
  await finish(done.session, stepEnd('COMPLETED', { readCount: 10 }))
  const failed = await claimNext(trial, claim, planId)
  await finish(failed.session, stepEnd('FAILED', { readCount: 4, writeCount: 4 }, { at: 4 }))
  await finish(manager, stepEnd('FAILED'))
  await trial.repository.endJobExecution(claim, jobEnd('FAILED'))

  const again = await trial.launch('reopen', { action: 'restart' })
  const { partitions } = trial.repository
  assert.deepEqual(await partitions.openPlan(again.claim, planId), { total: 3, completed: 1 })
  const resumed = await claimNext(trial, again.claim, planId)
  assert.equal(resumed.partition.name, 'part2')
  assert.deepEqual(valuesOf(resumed.session.stepExecution.executionContext), { at: 4 })
  assert.equal(resumed.earlierCounts.writeCount, 4)
  await finish(resumed.session, stepEnd('COMPLETED', { readCount: 6, writeCount: 6 }))
  const [, second] = await partitions.findPartitions(planId, again.claim.jobExecutionId)
  assert.equal(second?.counts.writeCount, 10)
  assert.equal(second.countsHere.writeCount, 6)
  assert.equal(second.last?.status, 'COMPLETED')
}

async function hidesPartitions(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('hidden')
  const { planId, manager } = await planned(trial, claim, numbered(1))
  const { session } = await claimNext(trial, claim, planId)
  await finish(session, stepEnd('FAILED'))
  await finish(manager, stepEnd('FAILED'))
  await trial.repository.endJobExecution(claim, jobEnd('FAILED'))
  const { previousSteps } = await trial.launch('hidden', { action: 'restart' })
  assert.deepEqual([...previousSteps.keys()], ['load'])
}

async function retires(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('retire')
  const { planId, manager } = await planned(trial, claim, numbered(2))
  const { partitions } = trial.repository
  const { session, workerId } = await claimNext(trial, claim, planId, 30_000)
  await trial.commit(session, { readCount: 5, writeCount: 5 }, { at: 5 })
  const retired = await partitions.retireWorkers(claim, {
    planId,
    workers: { workerId },
    reason: 'its process is gone',
    attempts: 3,
  })
  assert.deepEqual(retired, { workerIds: [workerId], reopened: 1 })

  await assertRefused(trial.commit(session, { readCount: 9 }), 'OPTIMISTIC_LOCK_FAILED')
  await assertRefused(session.end(stepEnd('COMPLETED')), 'OPTIMISTIC_LOCK_FAILED')
  assert.deepEqual(await partitions.beatWorker(claim, workerId, 30_000), { lease: 'lost' })
  const claiming = partitions.claimPartition(claim, { planId, stepName: 'load', workerId })
  await assertRefused(claiming, 'LEASE_LOST')
  await session.close()

  const next = await claimNext(trial, claim, planId)
  assert.equal(next.partition.name, 'part1')
  assert.deepEqual(valuesOf(next.session.stepExecution.executionContext), { at: 5 })
  assert.equal(next.earlierCounts.writeCount, 5)
  await finish(next.session, stepEnd('COMPLETED', { readCount: 3, writeCount: 3 }))
  const [first] = await partitions.findPartitions(planId, claim.jobExecutionId)
  assert.equal(first?.countsHere.writeCount, 8)
  const closed = (await executionsIn(trial, claim)).find(({ id }) => id === session.stepExecution.id)
  assert.equal(closed?.status, 'FAILED')
  assert.equal(closed.exitStatus.exitDescription, 'its process is gone')
  await manager.close()
}

async function keepsEnds(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('ends')
  const { planId, manager } = await planned(trial, claim, numbered(2))
  const { session, workerId } = await claimNext(trial, claim, planId)
  await finish(session, stepEnd('COMPLETED', { readCount: 1 }))
  const { partitions } = trial.repository
  const retirement = { planId, workers: { workerId }, reason: 'gone', attempts: 3 }
  assert.deepEqual(await partitions.retireWorkers(claim, retirement), { workerIds: [workerId], reopened: 0 })
  assert.deepEqual(await partitions.retireWorkers(claim, retirement), { workerIds: [], reopened: 0 })
  const [first] = await partitions.findPartitions(planId, claim.jobExecutionId)
  assert.equal(first?.last?.status, 'COMPLETED')
  await manager.close()
}

async function givesUpPartition(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('attempts')
  const { planId, manager } = await planned(trial, claim, numbered(1))
  const reopened: number[] = []
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const { session, workerId } = await claimNext(trial, claim, planId)
    const retirement = { planId, workers: { workerId }, reason: 'killed', attempts: 3 }
    reopened.push((await trial.repository.partitions.retireWorkers(claim, retirement)).reopened)
    await session.close()
  }
  assert.deepEqual(reopened, [1, 1, 0])
  const [only] = await trial.repository.partitions.findPartitions(planId, claim.jobExecutionId)
  assert.equal(only?.last?.status, 'FAILED')
  await manager.close()
}

async function findsExpired(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('expired')
  const { planId, manager } = await planned(trial, claim, numbered(3))
  const { partitions } = trial.repository
  const dead = await claimNext(trial, claim, planId, -1)
  const alive = await claimNext(trial, claim, planId, 30_000)
  const withoutLease = await claimNext(trial, claim, planId)
  const retired = await partitions.retireWorkers(claim, {
    planId,
    workers: 'expired',
    reason: 'late',
    attempts: 9,
  })
  assert.deepEqual(retired, { workerIds: [dead.workerId], reopened: 1 })
  assert.equal((await partitions.beatWorker(claim, alive.workerId, 30_000)).lease, 'held')
  for (const { session } of [dead, alive, withoutLease]) await session.close()
  await manager.close()
}

async function fencesPartitions(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('fence')
  const { planId, manager } = await planned(trial, claim, numbered(2))
  const { partitions } = trial.repository
  const { session, workerId } = await claimNext(trial, claim, planId, 30_000)
  await trial.launch('fence', RECOVER)
  await assertRefused(trial.commit(session, { readCount: 1 }), 'LEASE_LOST')
  assert.deepEqual(await partitions.beatWorker(claim, workerId, 30_000), { lease: 'lost' })
  await assertRefused(partitions.claimPartition(claim, { planId, stepName: 'load', workerId }), 'LEASE_LOST')
  await assertRefused(partitions.openPlan(claim, planId), 'LEASE_LOST')
  await assertRefused(partitions.beginWorker(claim, OWNER, null), 'LEASE_LOST')
  const retirement = { planId, workers: 'expired', reason: 'late', attempts: 1 } as const
  await assertRefused(partitions.retireWorkers(claim, retirement), 'LEASE_LOST')
  await session.close()
  await manager.close()
}

async function recoversSums(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('sums')
  const { planId, manager } = await planned(trial, claim, numbered(2))
  const first = await claimNext(trial, claim, planId)
  await finish(first.session, stepEnd('COMPLETED', { readCount: 10, writeCount: 10, commitCount: 1 }))
  const second = await claimNext(trial, claim, planId)
  await trial.commit(second.session, { readCount: 4, writeCount: 3, filterCount: 1, commitCount: 1 })
  const { previousSteps } = await trial.launch('sums', RECOVER)
  await second.session.close()
  await manager.close()
  const [load] = (await trial.find(claim)).stepExecutions
  const parts = await executionsIn(trial, claim)
  assert.deepEqual(
    [load?.status, load?.readCount, load?.writeCount, load?.filterCount, load?.commitCount],
    ['FAILED', 14, 13, 1, 2],
  )
  assert.deepEqual(
    parts.map(({ status, readCount }) => [status, readCount]),
    [
      ['COMPLETED', 10],
      ['FAILED', 4],
    ],
  )
  assert.equal(previousSteps.get('load')?.counts.readCount, 14)
}
