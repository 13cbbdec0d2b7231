/** Finding and listing. */
import assert from 'node:assert/strict'
import { finish, jobEnd, type RepositoryTrial, stepEnd } from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const QUERY_PROMISES: Readonly<Record<string, Check>> = {
  'an unknown id finds nothing': findsNothing,
  'executions are listed newest first, by job, instance and status, page by page': listsExecutions,
  'instances are listed newest first, by job, page by page': listsInstances,
  'steps are shown in the order in which they were begun': ordersSteps,
  'it may be closed again': closesAgain,
}

async function findsNothing({ repository }: RepositoryTrial): Promise<void> {
  for (const id of ['999999999', 'x', '', '-1', '99999999999999999999']) {
    assert.equal(await repository.findJobExecution(id), undefined)
  }
}

async function listsExecutions({ launch, started, repository, jobName }: RepositoryTrial): Promise<void> {
  const first = await started('a')
  await repository.endJobExecution(first.claim, jobEnd('FAILED'))
  const second = await launch('a', { action: 'restart' })
  const third = await started('b')
  const ids = [third, second, first].map(({ execution }) => execution.id)
  const list = async (filter: object): Promise<readonly string[]> =>
    (await repository.listJobExecutions({ jobName, limit: 10, ...filter })).map(({ id }) => id)
  assert.deepEqual(await list({}), ids)
  assert.deepEqual(await list({ limit: 2 }), ids.slice(0, 2))
  assert.deepEqual(await list({ before: ids[1] }), ids.slice(2))
  assert.deepEqual(await list({ statuses: ['STARTED', 'FAILED'] }), [ids[0], ids[2]])
  assert.deepEqual(await list({ statuses: [] }), [])
  assert.deepEqual(await list({ jobInstanceId: first.execution.jobInstance.id }), ids.slice(1))
  assert.deepEqual(await list({ jobName: `${jobName}-none` }), [])
  const [newest] = await repository.listJobExecutions({ jobName, limit: 1 })
  assert.equal(newest?.jobParameters.length, third.execution.jobParameters.length)
  assert.equal(newest.owner?.generation, third.claim.generation)
}

async function listsInstances({ launch, repository, jobName }: RepositoryTrial): Promise<void> {
  const launched = [await launch('a'), await launch('b'), await launch('c')]
  const ids = launched.map(({ execution }) => execution.jobInstance.id).toReversed()
  const list = async (filter: object): Promise<readonly string[]> =>
    (await repository.listJobInstances({ jobName, limit: 10, ...filter })).map(({ id }) => id)
  assert.deepEqual(await list({}), ids)
  assert.deepEqual(await list({ limit: 1 }), ids.slice(0, 1))
  assert.deepEqual(await list({ before: ids[0] }), ids.slice(1))
  assert.deepEqual(await list({ jobName: `${jobName}-none` }), [])
}

async function ordersSteps({ started, begin, find }: RepositoryTrial): Promise<void> {
  const { claim } = await started('order')
  for (const name of ['z', 'a', 'm']) await finish(await begin(claim, name), stepEnd('COMPLETED'))
  const { stepExecutions } = await find(claim)
  assert.deepEqual(
    stepExecutions.map(({ stepName }) => stepName),
    ['z', 'a', 'm'],
  )
}

async function closesAgain({ repository }: RepositoryTrial): Promise<void> {
  await repository.close()
  await repository.close()
}
