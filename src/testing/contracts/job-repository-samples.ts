/** Samples: recorded with the commit that they belong to, thinned out as they are told to be. */
import assert from 'node:assert/strict'
import { NO_COUNTS } from '../../core/model/step-execution.ts'
import type { SampleMark } from '../../core/ports/step-sample.ts'
import type { StepSession } from '../../core/ports/step-session.ts'
import { finish, type RepositoryTrial, stepEnd } from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const SAMPLE_PROMISES: Readonly<Record<string, Check>> = {
  'a sample is recorded with the counts of its commit, and where the reader stood': records,
  'a commit without a sample records none, and one that fails neither': recordsNoOther,
  'a sample whose number is there already changes nothing, and no commit fails of it': keepsNumbers,
  'samples are thinned out to multiples': thins,
  "the end of a step may have a sample, and other steps' are not mixed in": ends,
  'a chunk that skips items is sampled too': samplesSkips,
  'a step that there is not has no samples': knowsNone,
}

const COUNTS = {
  readCount: 9,
  writeCount: 4,
  filterCount: 1,
  readSkipCount: 1,
  processSkipCount: 2,
  writeSkipCount: 3,
  commitCount: 5,
  rollbackCount: 6,
}

const mark = (number: number, rest: Partial<SampleMark> = {}): SampleMark => ({
  number,
  keepEvery: 1,
  progress: null,
  ...rest,
})

function commit(session: StepSession, sample: SampleMark | undefined, readCount: number): Promise<unknown> {
  return session.commit({
    pipelined: false,
    work: async () => {},
    progress: () => ({
      counts: { ...NO_COUNTS, readCount },
      executionContext: {},
      ...(sample && { sample }),
    }),
  })
}

async function readCounts({ repository }: RepositoryTrial, session: StepSession): Promise<readonly number[]> {
  return (await repository.listSamples(session.stepExecution.id)).map(({ readCount }) => readCount)
}

async function records({ repository, started, begin }: RepositoryTrial): Promise<void> {
  const { claim } = await started('sample')
  const session = await begin(claim, 'load')
  const progresses = [
    { done: 10, total: 200, unit: 'bytes' },
    { done: 0.5, unit: 'items' },
  ] as const
  for (const [index, pipelined] of [false, true].entries())
    await session.commit({
      pipelined,
      work: async () => {},
      progress: () => ({
        counts: COUNTS,
        executionContext: {},
        sample: mark(index + 1, { progress: progresses[index] ?? null }),
      }),
    })
  const samples = await repository.listSamples(session.stepExecution.id)
  assert.ok(samples.every(({ at }) => at instanceof Date && !Number.isNaN(at.getTime())))
  assert.deepEqual(
    samples,
    progresses.map((progress, index) => ({
      at: samples[index]?.at,
      readCount: 9,
      writeCount: 4,
      filterCount: 1,
      skipCount: 6,
      commitCount: 5,
      rollbackCount: 6,
      progress,
    })),
  )
  await session.close()
}

async function recordsNoOther(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('none')
  const session = await trial.begin(claim, 'load')
  await commit(session, undefined, 1)
  await assert.rejects(
    session.commit({
      pipelined: false,
      work: async () => {
        throw new Error('planned')
      },
      progress: () => ({ counts: COUNTS, executionContext: {}, sample: mark(1) }),
    }),
    /planned/,
  )
  assert.deepEqual(await readCounts(trial, session), [])
  await session.close()
}

async function keepsNumbers(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('twice')
  const session = await trial.begin(claim, 'load')
  await commit(session, mark(1), 1)
  await commit(session, mark(1), 2)
  assert.deepEqual(await readCounts(trial, session), [1])
  await session.close()
}

async function thins(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('thin')
  const session = await trial.begin(claim, 'load')
  for (const number of [1, 2, 3, 4, 5]) await commit(session, mark(number), number)
  await commit(session, mark(6, { keepEvery: 2 }), 6)
  assert.deepEqual(await readCounts(trial, session), [2, 4, 6])
  await commit(session, mark(8, { keepEvery: 4 }), 8)
  assert.deepEqual(await readCounts(trial, session), [4, 8])
  await session.close()
}

async function ends(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('end')
  const [first, second] = [await trial.begin(claim, 'first'), await trial.begin(claim, 'second')]
  await commit(second, mark(1), 1)
  await finish(first, { ...stepEnd('COMPLETED', { readCount: 7 }), sample: mark(1) })
  await finish(second, stepEnd('FAILED', { readCount: 8 }))
  assert.deepEqual(await readCounts(trial, first), [7])
  assert.deepEqual(await readCounts(trial, second), [1])
}

async function samplesSkips(trial: RepositoryTrial): Promise<void> {
  const { repository, started, begin, jobName } = trial
  const { claim } = await started('skips')
  const session = await begin(claim, 'load')
  await session.commit({
    pipelined: false,
    work: async () => {},
    progress: () => ({
      counts: { ...NO_COUNTS, readCount: 3, readSkipCount: 1 },
      executionContext: {},
      sample: mark(1, { progress: { done: 1, unit: 'offsets' } }),
      quarantined: [
        {
          phase: 'read',
          payload: { kind: 'raw', text: 'bad' },
          position: { line: 2 },
          error: { type: 'Error', message: 'bad line' },
        },
      ],
    }),
  })
  const [sample] = await repository.listSamples(session.stepExecution.id)
  assert.equal(sample?.skipCount, 1)
  assert.deepEqual(sample?.progress, { done: 1, unit: 'offsets' })
  assert.equal((await repository.quarantine.list({ jobName, limit: 10 })).length, 1)
  await session.close()
}

async function knowsNone({ repository }: RepositoryTrial): Promise<void> {
  for (const id of ['999999999', '-1', 'no number', ''])
    assert.deepEqual(await repository.listSamples(id), [])
}
