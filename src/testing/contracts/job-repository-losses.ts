/** Executions that have lost their process: what is to be continued, and how often an instance has died. */
import assert from 'node:assert/strict'
import type { JobExecution } from '../../core/model/job-execution.ts'
import { jobEnd, RECOVER, type RepositoryTrial } from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const LOSS_PROMISES: Readonly<Record<string, Check>> = {
  'what was stopped because its process ended is listed until it is continued': listsInterrupted,
  'of what was stopped so, that is left out which nobody wants to see again': leavesOutInterrupted,
  'the deaths of an instance are counted back to its last end in order': countsDeaths,
}

async function listsInterrupted({ started, launch, repository, jobName }: RepositoryTrial): Promise<void> {
  const listed = async () =>
    (await repository.listInterrupted())
      .filter((one) => one.jobInstance.jobName === jobName)
      .map(({ id }) => id)
  const stopped = async (key: string, note: (id: string) => Promise<unknown>) => {
    const { claim } = await started(key)
    await note(claim.jobExecutionId)
    await repository.endJobExecution(claim, jobEnd('STOPPED'))
    return claim.jobExecutionId
  }
  const interrupt = (id: string) => repository.noteInterruption(id, 'c'.repeat(300))
  const first = await stopped('interrupted', async (id) => {
    await interrupt(id)
    await interrupt(id)
  })
  const second = await stopped('interrupted-too', interrupt)
  await stopped('only-stopped', async () => {})
  await stopped('asked-to-stop', async (id) => {
    await interrupt(id)
    await repository.requestStop(id, 'anna')
  })
  const stoppedLater = await stopped('asked-when-stopped', interrupt)
  assert.equal(await repository.requestStop(stoppedLater, 'anna'), true, 'it is not to be continued')
  assert.equal(await repository.requestStop(stoppedLater, 'anna'), false, 'there is nothing left to stop')
  const late = await stopped('noted-late', async () => {})
  assert.equal(await repository.requestStop(late, 'anna'), false, 'nobody would continue it')
  await interrupt(late)
  await interrupt('999999999')
  await interrupt('no id')
  const running = await started('running')
  await interrupt(running.claim.jobExecutionId)
  assert.deepEqual(await listed(), [first, second])
  const [action] = (await repository.listOperatorActions(second)).slice(-1)
  assert.deepEqual([action?.action, action?.by.length], ['interrupt', 200])
  await launch('interrupted', { action: 'restart' })
  assert.deepEqual(await listed(), [second], 'it is continued')
}

async function leavesOutInterrupted({ started, repository, jobName }: RepositoryTrial): Promise<void> {
  const { claim } = await started('left out')
  await repository.noteInterruption(claim.jobExecutionId, 'anna')
  await repository.endJobExecution(claim, jobEnd('STOPPED'))
  const [found] = await repository.listJobExecutions({ jobName, limit: 1 })
  const listed = async (except?: ReadonlySet<string>) =>
    (await repository.listInterrupted(except)).filter((one) => one.jobInstance.jobName === jobName)
  assert.deepEqual(await listed(), [found], 'as every other list shows it')
  assert.deepEqual(await listed(new Set([claim.jobExecutionId])), [])
  assert.deepEqual(await listed(new Set(['999999999'])), [found])
}

async function countsDeaths({ started, launch, repository }: RepositoryTrial): Promise<void> {
  const deaths: number[] = []
  const count = async (execution: JobExecution) =>
    void deaths.push(await repository.countDeaths(execution.jobInstance.id))
  const first = await started('dies')
  await count(first.execution)
  await count((await started('dies', RECOVER)).execution)
  const { claim } = await launch('dies', RECOVER)
  await repository.endJobExecution(claim, jobEnd('FAILED'))
  await count(first.execution)
  const { jobExecutionId } = (await started('dies', { action: 'restart' })).claim
  await count(first.execution)
  const close = { action: 'close', status: 'FAILED', reason: 'its process is gone' } as const
  await repository.retire({ jobExecutionId, by: 'anna', decide: () => close })
  await count(first.execution)
  await count((await started('dies', { action: 'restart' })).execution)
  await count((await started('dies', RECOVER)).execution)
  assert.deepEqual(deaths, [1, 2, 0, 1, 1, 2, 3])
  assert.equal(await repository.countDeaths('999999999'), 0)
  assert.equal(await repository.countDeaths('no id'), 0)
}
