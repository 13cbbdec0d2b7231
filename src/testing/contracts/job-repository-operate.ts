/** What an operator does to an execution: retire it, launch the next one, and be on record for it. */
import assert from 'node:assert/strict'
import { BatchError } from '../../core/model/batch-error.ts'
import { runIdOf, runIdParameter } from '../../core/model/framework-parameters.ts'
import { jobKey } from '../../core/model/job-key.ts'
import type { LastInstance, Launched } from '../../core/ports/launch.ts'
import type { Claim } from '../../core/ports/lease.ts'
import type { ExecutionAtHand, RetireVerdict } from '../../core/ports/retirement.ts'
import {
  assertRefused,
  DEFINITION,
  FACTS,
  finish,
  jobEnd,
  OWNER,
  type RepositoryTrial,
  stepEnd,
} from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const OPERATE_PROMISES: Readonly<Record<string, Check>> = {
  'closing an execution ends it and its open steps, and fences its owner off': closes,
  'an execution that was stopped by its own owner’s despair is closed as STOPPED': closesAsStopped,
  'a failed execution stays as it ended when its open steps are closed': closesFailed,
  'an ended execution can be abandoned, and keeps its exit status': abandons,
  'the execution that has come after one is shown to the verdict': seesFollower,
  'a verdict to leave or to refuse changes nothing': leaves,
  'who retires an execution that is not there is told so': retiresNothing,
  'of many who close one execution at once, one does': closesOnce,
  'a beat that comes after the end renews nothing': beatsTooLate,
  'who launched, stopped and recovered is on record, in its order': records,
  'the next instance counts on from the last, with what it had': launchesNext,
  'of many next instances at once each has a number of its own': launchesApart,
  'a number that is taken is passed over, and instances beside the sequence do not count': passesOver,
}

const CLOSE: RetireVerdict = { action: 'close', status: 'FAILED', reason: 'its process is gone' }

function retire({ repository }: RepositoryTrial, { jobExecutionId }: Claim, verdict: RetireVerdict) {
  return repository.retire({ jobExecutionId, by: 'anna', decide: () => verdict })
}

async function closes(trial: RepositoryTrial): Promise<void> {
  const { started, begin, commit, find, repository } = trial
  const { claim } = await started('close')
  await finish(await begin(claim, 'first'), stepEnd('COMPLETED'))
  const session = await begin(claim, 'load')
  await commit(session, { readCount: 3 }, { at: 3n })
  const seen: ExecutionAtHand[] = []
  const decide = (found: ExecutionAtHand): RetireVerdict => {
    seen.push(found)
    return CLOSE
  }
  const { jobExecutionId } = claim
  assert.equal(await repository.retire({ jobExecutionId, by: 'anna', decide }), 'closed')
  assert.equal(seen[0]?.execution.id, jobExecutionId)
  assert.equal(seen[0].openSteps, 1)
  assert.equal(seen[0].owner?.generation, claim.generation)
  const closed = await find(claim)
  assert.equal(closed.status, 'FAILED')
  assert.deepEqual(closed.exitStatus, { exitCode: 'FAILED', exitDescription: 'its process is gone' })
  assert.ok(closed.endTime)
  assert.equal(closed.owner?.leaseExpired, true)
  const [first, load] = closed.stepExecutions
  assert.equal(first?.status, 'COMPLETED')
  assert.equal(load?.status, 'FAILED')
  assert.equal(load.readCount, 3)
  assert.ok(load.endTime)
  await assertRefused(commit(session, { readCount: 4 }), 'LEASE_LOST')
  await assertRefused(repository.endJobExecution(claim, jobEnd('COMPLETED')), 'LEASE_LOST')
  assert.deepEqual(await repository.heartbeat(claim, 30_000), { lease: 'lost' })
  assert.deepEqual(await find(claim), closed)
  await session.close()
}

async function closesAsStopped(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('close-stopped')
  const session = await trial.begin(claim, 'load')
  await trial.repository.requestStop(claim.jobExecutionId, 'anna')
  const stopped: RetireVerdict = { action: 'close', status: 'STOPPED', reason: 'the grace ran out' }
  const decide = (): RetireVerdict => stopped
  const { jobExecutionId } = claim
  assert.equal(await trial.repository.retire({ jobExecutionId, by: null, decide }), 'closed')
  const closed = await trial.find(claim)
  assert.deepEqual([closed.status, closed.stepExecutions[0]?.status], ['STOPPED', 'STOPPED'])
  const actions = await trial.repository.listOperatorActions(jobExecutionId)
  assert.deepEqual(
    actions.map(({ action }) => action),
    ['launch', 'stop'],
    'an owner that gives up is nobody who asked',
  )
  await session.close()
}

async function closesFailed(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('close-failed')
  const session = await trial.begin(claim, 'load')
  await trial.repository.endJobExecution(claim, jobEnd('FAILED'))
  const { endTime, exitStatus } = await trial.find(claim)
  assert.equal(await retire(trial, claim, CLOSE), 'closed')
  const closed = await trial.find(claim)
  assert.deepEqual([closed.status, closed.endTime, closed.exitStatus], ['FAILED', endTime, exitStatus])
  assert.equal(closed.stepExecutions[0]?.status, 'FAILED')
  await session.close()
}

async function seesFollower(trial: RepositoryTrial): Promise<void> {
  const first = await trial.launch('followed')
  await trial.repository.endJobExecution(first.claim, jobEnd('FAILED'))
  const second = await trial.launch('followed', { action: 'restart' })
  await trial.launch('other')
  const seen: (string | null)[] = []
  for (const { claim } of [first, second]) {
    const decide = ({ followedBy }: ExecutionAtHand): RetireVerdict => {
      seen.push(followedBy)
      return { action: 'leave' }
    }
    await trial.repository.retire({ jobExecutionId: claim.jobExecutionId, by: 'anna', decide })
  }
  assert.deepEqual(seen, [second.execution.id, null])
}

async function abandons(trial: RepositoryTrial): Promise<void> {
  const { started, find, repository } = trial
  const { claim } = await started('abandon')
  await repository.endJobExecution(claim, jobEnd('STOPPED'))
  const before = await find(claim)
  assert.equal(await retire(trial, claim, { action: 'abandon' }), 'abandoned')
  const after = await find(claim)
  assert.equal(after.status, 'ABANDONED')
  assert.deepEqual(after.exitStatus, before.exitStatus)
  assert.deepEqual(after.endTime, before.endTime)
  await assertRefused(repository.endJobExecution(claim, jobEnd('COMPLETED')), 'LEASE_LOST')
}

async function leaves(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('leave')
  const before = await trial.find(claim)
  const error = new BatchError('JOB_EXECUTION_STILL_RUNNING', 'as the case says')
  assert.equal(await retire(trial, claim, { action: 'leave' }), 'left')
  await assert.rejects(retire(trial, claim, { action: 'refuse', error }), (thrown) => thrown === error)
  assert.deepEqual(await trial.find(claim), before)
}

async function retiresNothing(trial: RepositoryTrial): Promise<void> {
  const decide = (): RetireVerdict => assert.fail('there is nothing to decide about')
  for (const jobExecutionId of ['999999999', 'x'])
    assert.equal(await trial.repository.retire({ jobExecutionId, by: 'anna', decide }), 'not-found')
}

async function closesOnce(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('close-once')
  const decide = ({ execution }: ExecutionAtHand): RetireVerdict =>
    execution.status === 'STARTED' ? CLOSE : { action: 'leave' }
  const { jobExecutionId } = claim
  const outcomes = await Promise.all(
    Array.from({ length: 6 }, () => trial.repository.retire({ jobExecutionId, by: 'anna', decide })),
  )
  assert.deepEqual(outcomes.toSorted(), ['closed', 'left', 'left', 'left', 'left', 'left'])
}

async function beatsTooLate({ started, find, repository }: RepositoryTrial): Promise<void> {
  const { claim } = await started('late')
  await repository.heartbeat(claim, 30_000)
  await repository.endJobExecution(claim, jobEnd('FAILED'))
  assert.deepEqual(await repository.heartbeat(claim, 30_000), { lease: 'held', jobStatus: 'FAILED' })
  assert.equal((await find(claim)).owner?.leaseExpired, true)
}

async function records(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('record')
  await trial.repository.requestStop(claim.jobExecutionId, 'b'.repeat(300))
  await retire(trial, claim, CLOSE)
  const actions = await trial.repository.listOperatorActions(claim.jobExecutionId)
  assert.deepEqual(
    actions.map(({ action }) => action),
    ['launch', 'stop', 'recover'],
  )
  assert.equal(actions[0]?.by, 'a test')
  assert.match(actions[1]?.by ?? '', /^b{198} …$/)
  assert.equal(actions[2]?.by, 'anna')
  assert.ok(actions.every(({ at }) => Math.abs(at.getTime() - Date.now()) < 60_000))
  assert.deepEqual(await trial.repository.listOperatorActions('999999999'), [])
}

interface Nexting {
  readonly seen: LastInstance[]
  readonly launch: () => Promise<Launched>
}

/** Keeps the last one's parameters and counts on, as the operator does. */
function nexting({ repository, jobName }: RepositoryTrial): Nexting {
  const seen: LastInstance[] = []
  const launch = () =>
    repository.launchNext({
      jobName,
      owner: OWNER,
      leaseMilliseconds: 30_000,
      by: 'anna',
      definition: DEFINITION,
      facts: FACTS,
      next: async (last) => {
        seen.push(last)
        const kept = (last.execution?.jobParameters ?? []).filter(({ name }) => name !== 'run.id')
        const parameters = [...kept, runIdParameter(last.runId + 1n)]
        return { jobKey: jobKey(parameters), parameters }
      },
    })
  return { seen, launch }
}

async function launchesNext(trial: RepositoryTrial): Promise<void> {
  const { seen, launch } = nexting(trial)
  const first = await launch()
  assert.deepEqual(seen, [{ execution: undefined, runId: 0n }])
  assert.equal(first.after, undefined)
  assert.equal(first.execution.status, 'STARTING')
  assert.equal(first.restartOf, null)
  const ordinary = await trial.launch('other')
  const second = await launch()
  assert.equal(second.after?.id, ordinary.execution.id)
  assert.equal(seen.at(-1)?.runId, 1n, 'the number goes on from the newest instance that has one')
  assert.deepEqual(
    (await trial.find(second.claim)).jobParameters.map(({ name, text }) => `${name}=${text}`),
    ['businessDate=2026-11-21', 'chunkSize=500', 'run.id=2'],
  )
}

async function launchesApart(trial: RepositoryTrial): Promise<void> {
  const { launch } = nexting(trial)
  const launched = await Promise.all(Array.from({ length: 8 }, launch))
  const numbers = launched.map(({ execution }) => Number(runIdOf(execution.jobParameters)))
  assert.deepEqual(
    numbers.toSorted((one, other) => one - other),
    [1, 2, 3, 4, 5, 6, 7, 8],
  )
  const instances = new Set(launched.map(({ execution }) => execution.jobInstance.id))
  assert.equal(instances.size, 8)
}

async function passesOver(trial: RepositoryTrial): Promise<void> {
  const { launch } = nexting(trial)
  const first = await launch()
  const taken = [runIdParameter(2n)]
  await trial.launch('', undefined, { jobKey: jobKey(taken), parameters: [] })
  const redriven = { name: 'batchwright.redrive', type: 'java.lang.String', text: 'q1', identifying: true }
  await trial.launch('redrive', undefined, { parameters: [redriven] })
  const next = await launch()
  assert.notEqual(next.after?.id, first.execution.id)
  assert.deepEqual(next.after?.jobParameters, [], 'the one before the redrive')
  assert.deepEqual(next.execution.jobParameters, [runIdParameter(3n)])
}
