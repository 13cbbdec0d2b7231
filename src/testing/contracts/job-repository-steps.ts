/** Steps: what a commit holds, and what a failed one leaves. */
import assert from 'node:assert/strict'
import type { ExecutionContext } from '../../core/model/execution-context.ts'
import { NO_COUNTS } from '../../core/model/step-execution.ts'
import { resourceKey } from '../../core/ports/resource.ts'
import { assertRefused, finish, jobEnd, type RepositoryTrial, stepEnd, valuesOf } from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

const FOREIGN = resourceKey<object>('thing that no repository has')

export const STEP_PROMISES: Readonly<Record<string, Check>> = {
  'a step begins STARTED, with the context it was given': begins,
  'a commit records counts and context, and asks for them after the work': commits,
  'a failed work changes nothing, its error comes first, and the session goes on': forgetsFailedWork,
  'progress that cannot be told changes nothing': forgetsFailedProgress,
  'the end of a step records status, exit, counts and both contexts': ends,
  'the end of a step records what was reconciled, and nothing where nothing was; a restart knows it':
    reconciles,
  'a context comes back as it was stored': keepsContext,
  'what the caller does with its objects later changes nothing': keepsSnapshots,
  'a transaction says which resource it does not have': namesMissingResource,
  'steps of one execution may work at the same time': worksInParallel,
  'a failed step can be abandoned, and keeps its exit code': abandonsFailed,
}

async function begins({ started, begin, find }: RepositoryTrial): Promise<void> {
  const { claim } = await started('begin')
  const session = await begin(claim, 'load', { at: 7n })
  const { stepExecution } = session
  assert.equal(stepExecution.status, 'STARTED')
  assert.equal(stepExecution.stepName, 'load')
  assert.equal(stepExecution.exitStatus.exitCode, 'EXECUTING')
  assert.ok(stepExecution.startTime)
  assert.equal(stepExecution.endTime, null)
  assert.deepEqual(valuesOf(stepExecution.executionContext), { at: 7n })
  assert.deepEqual((await find(claim)).stepExecutions, [stepExecution])
  await session.close()
}

async function commits({ started, begin, find }: RepositoryTrial): Promise<void> {
  const { claim } = await started('commit')
  const session = await begin(claim, 'load')
  const counts = {
    readCount: 1,
    writeCount: 2,
    filterCount: 3,
    readSkipCount: 4,
    processSkipCount: 5,
    writeSkipCount: 6,
    commitCount: 7,
    rollbackCount: 8,
  }
  for (const pipelined of [false, true]) {
    const order: string[] = []
    const { jobStatus } = await session.commit({
      pipelined,
      work: async () => {
        order.push('work')
      },
      progress: () => {
        order.push('progress')
        return { counts, executionContext: { pipelined } }
      },
    })
    assert.equal(jobStatus, 'STARTED')
    assert.deepEqual(order, ['work', 'progress'])
    const [step] = (await find(claim)).stepExecutions
    assert.ok(step)
    assert.equal(step.status, 'STARTED')
    const recorded = Object.keys(counts).map((name) => [name, step[name as keyof typeof counts]])
    assert.deepEqual(Object.fromEntries(recorded), counts)
    assert.deepEqual(valuesOf(step.executionContext), { pipelined })
  }
  await session.close()
}

async function forgetsFailedWork({ started, begin, commit, find }: RepositoryTrial): Promise<void> {
  const { claim } = await started('failing')
  const session = await begin(claim, 'load')
  await commit(session, { readCount: 1 }, { at: 1 })
  for (const pipelined of [false, true]) {
    const broken = new Error('the writer is broken')
    const failing = session.commit({
      pipelined,
      work: async () => {
        throw broken
      },
      progress: () => ({ counts: { ...NO_COUNTS, readCount: 99 }, executionContext: { at: 99 } }),
    })
    await assert.rejects(failing, (error) => error === broken)
    const [step] = (await find(claim)).stepExecutions
    assert.equal(step?.readCount, 1)
    assert.deepEqual(valuesOf(step.executionContext), { at: 1 })
  }
  await commit(session, { readCount: 2 }, { at: 2 })
  await finish(session, stepEnd('COMPLETED', { readCount: 2 }))
  assert.equal((await find(claim)).stepExecutions[0]?.readCount, 2)
}

async function forgetsFailedProgress({ started, begin, find }: RepositoryTrial): Promise<void> {
  const { claim } = await started('progress')
  const session = await begin(claim, 'load', { at: 1 })
  for (const pipelined of [false, true]) {
    const broken = new Error('no progress')
    const failing = session.commit({
      pipelined,
      work: async () => {},
      progress: () => {
        throw broken
      },
    })
    await assert.rejects(failing, (error) => error === broken)
  }
  const [step] = (await find(claim)).stepExecutions
  assert.deepEqual(step, session.stepExecution)
  await session.close()
}

async function ends({ started, begin, find }: RepositoryTrial): Promise<void> {
  const { claim } = await started('end')
  const session = await begin(claim, 'load')
  await finish(session, stepEnd('STOPPED', { readCount: 4, writeCount: 4, commitCount: 2 }, { at: 4n }))
  const execution = await find(claim)
  const [step] = execution.stepExecutions
  assert.equal(step?.status, 'STOPPED')
  assert.deepEqual(step.exitStatus, { exitCode: 'STOPPED', exitDescription: 'step STOPPED' })
  assert.equal(step.writeCount, 4)
  assert.ok(step.endTime && step.startTime && step.endTime >= step.startTime)
  assert.ok(step.version > session.stepExecution.version)
  assert.deepEqual(valuesOf(step.executionContext), { at: 4n })
  assert.deepEqual(valuesOf(execution.executionContext), { from: 'step' })
  assert.equal(execution.status, 'STARTED')
}

async function reconciles({ started, begin, find, repository }: RepositoryTrial): Promise<void> {
  const { claim } = await started('reconcile')
  const totals = {
    readCount: 10,
    writeCount: 4,
    filterCount: 3,
    processSkipCount: 2,
    writeSkipCount: 1,
    readSkipCount: 5,
  }
  await finish(await begin(claim, 'good'), {
    ...stepEnd('COMPLETED'),
    reconciliation: { totals, isBalanced: true },
  })
  const wrong = { totals: { ...totals, writeCount: 0 }, isBalanced: false }
  await finish(await begin(claim, 'bad'), { ...stepEnd('FAILED'), reconciliation: wrong })
  await finish(await begin(claim, 'none'), stepEnd('COMPLETED'))
  const { stepExecutions } = await find(claim)
  assert.deepEqual(
    stepExecutions.map(({ reconciliation }) => reconciliation),
    [{ totals, isBalanced: true }, wrong, undefined],
  )
  await repository.endJobExecution(claim, jobEnd('FAILED'))
  const { previousSteps } = await started('reconcile', { action: 'restart' })
  assert.deepEqual(
    ['good', 'bad', 'none'].map((name) => previousSteps.get(name)?.last.reconciliation),
    [{ totals, isBalanced: true }, wrong, undefined],
  )
}

async function keepsContext({ started, begin, find }: RepositoryTrial): Promise<void> {
  const context: ExecutionContext = {
    'batchwright.reader': { offset: 12_345_678_901_234_567n, line: 812, keys: ['a', 1n, null, { b: [] }] },
    text: 'Zürich / "quoted" 𝄞',
    whole: 2_147_483_648,
    half: 0.5,
    negative: -7n,
    yes: true,
    empty: {},
    long: 'x'.repeat(6000),
    date: { javaType: 'java.time.LocalDate', value: '2026-11-21' },
  }
  const { claim } = await started('context')
  const session = await begin(claim, 'load', { ...context, absent: null })
  const [step] = (await find(claim)).stepExecutions
  assert.ok(step)
  assert.deepEqual(valuesOf(step.executionContext), context)
  await session.close()
}

async function keepsSnapshots({ started, begin, find }: RepositoryTrial): Promise<void> {
  const { claim } = await started('snapshot')
  const context = { list: [1, 2] }
  const session = await begin(claim, 'load', context)
  const before = await find(claim)
  context.list.push(3)
  await finish(session, stepEnd('COMPLETED', { readCount: 5 }))
  assert.equal(before.stepExecutions[0]?.status, 'STARTED')
  assert.deepEqual(valuesOf(before.stepExecutions[0].executionContext), { list: [1, 2] })
}

async function namesMissingResource({ repository, started, begin }: RepositoryTrial): Promise<void> {
  const { claim } = await started('resource')
  const session = await begin(claim, 'load')
  assert.equal(repository.transactionHas(FOREIGN), false)
  assert.equal(repository.resources.find(FOREIGN), undefined)
  const asking = session.commit({
    pipelined: false,
    work: async (transaction) => {
      assert.equal(transaction.find(FOREIGN), undefined)
      transaction.resource(FOREIGN)
    },
    progress: () => ({ counts: NO_COUNTS, executionContext: {} }),
  })
  await assertRefused(asking, 'TRANSACTION_RESOURCE_MISSING')
  await assert.rejects(asking, /thing that no repository has/)
  await session.close()
}

async function abandonsFailed({ repository, started, begin, find }: RepositoryTrial): Promise<void> {
  const { claim } = await started('abandoned')
  const ids: string[] = []
  for (const status of ['FAILED', 'COMPLETED'] as const) {
    const session = await begin(claim, status)
    ids.push(session.stepExecution.id)
    await finish(session, stepEnd(status))
  }
  for (const id of ids) for (let times = 0; times < 2; times += 1) await repository.abandonStep(claim, id)
  const { stepExecutions } = await find(claim)
  assert.deepEqual(
    stepExecutions.map(({ status, exitStatus }) => [status, exitStatus.exitCode]),
    [
      ['ABANDONED', 'FAILED'],
      ['COMPLETED', 'COMPLETED'],
    ],
  )
}

async function worksInParallel({ started, begin, commit, find }: RepositoryTrial): Promise<void> {
  const { claim } = await started('parallel')
  const sessions = await Promise.all([1, 2, 3].map((n) => begin(claim, `part${n}`)))
  for (let turn = 1; turn <= 3; turn += 1) {
    await Promise.all(sessions.map((session) => commit(session, { readCount: turn })))
  }
  await Promise.all(sessions.map((session) => finish(session, stepEnd('COMPLETED', { readCount: 3 }))))
  const { stepExecutions } = await find(claim)
  assert.deepEqual(
    stepExecutions.map(({ readCount, status }) => [readCount, status]),
    [1, 2, 3].map(() => [3, 'COMPLETED']),
  )
}
