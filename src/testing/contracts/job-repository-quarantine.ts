/** The quarantine: written with the chunk, found, and redriven once. */
import assert from 'node:assert/strict'
import type { QuarantinedItem } from '../../core/model/quarantined-item.ts'
import { addCounts, NO_COUNTS } from '../../core/model/step-execution.ts'
import type { Launched, LaunchedRedrive } from '../../core/ports/launch.ts'
import type { StepProgress, StepSession } from '../../core/ports/step-session.ts'
import type { QuarantineSelection } from '../../core/ports/quarantine-store.ts'
import {
  assertRefused,
  finish,
  jobEnd,
  DEFINITION,
  FACTS,
  OWNER,
  RECOVER,
  type RepositoryTrial,
  stepEnd,
  valuesOf,
} from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const QUARANTINE_PROMISES: Readonly<Record<string, Check>> = {
  'what a chunk skips is in the quarantine as it was handed over, in its order': keepsItems,
  'a chunk that is rolled back leaves nothing in the quarantine': forgetsItems,
  'an owner that was replaced adds nothing to the quarantine': fencesItems,
  'the quarantine is listed newest first, by what is asked for, page by page': listsItems,
  'an unknown id finds nothing in the quarantine': findsNothing,
  'a redrive takes what is due, once, and whoever comes later gets nothing': claimsOnce,
  'of redrives that race for the same items, one gets each': racesForItems,
  'a redrive takes only the steps and phases that it may': claimsRedrivable,
  'what a redrive has dealt with is done, in the transaction of its chunk': marksRedriven,
  'what a redrive leaves is free when it is over, and not before': givesBack,
  'the items of a batch are read oldest first, from an id on': readsBatch,
}

export const TRADE: QuarantinedItem = {
  phase: 'process',
  payload: { kind: 'item', json: '{"id":{"$bigint":"12"},"text":"a\\u0000b"}' },
  position: { file: 'trades.csv', line: 812 },
  error: { type: 'TypeError', message: 'no price' },
}
const RECORD: QuarantinedItem = {
  phase: 'read',
  payload: { kind: 'raw', text: 'a,\u0000,\ud800,"é\\"' },
  position: { topic: 'trades', partition: 3, offset: 99n },
  error: { type: 'READ_FAILED', message: 'three fields' },
}
const CUT: QuarantinedItem = {
  phase: 'write',
  payload: { kind: 'cut', text: 'x'.repeat(2_000), reason: 'it is too large' },
  position: { number: 7 },
  error: { type: '23505', message: 'twice' },
  former: '4711',
}

async function skip(
  session: StepSession,
  quarantined: readonly QuarantinedItem[],
  redriven?: StepProgress['redriven'],
): Promise<void> {
  await session.commit({
    pipelined: false,
    work: async () => {},
    progress: () => ({
      counts: addCounts(NO_COUNTS, { processSkipCount: quarantined.length, commitCount: 1 }),
      executionContext: {},
      quarantined,
      ...(redriven === undefined ? {} : { redriven }),
    }),
  })
}

/** An execution that has ended, with these items in the quarantine. */
export async function withItems(
  trial: RepositoryTrial,
  key: string,
  items: readonly QuarantinedItem[],
  stepName = 'load',
): Promise<Launched> {
  const launched = await trial.started(key)
  const session = await trial.begin(launched.claim, stepName)
  await skip(session, items)
  await finish(session, stepEnd('COMPLETED', {}))
  await trial.repository.endJobExecution(launched.claim, jobEnd('COMPLETED'))
  return launched
}

export async function redrive(
  { repository, jobName }: RepositoryTrial,
  { execution }: Launched,
  selection: QuarantineSelection = {},
): Promise<LaunchedRedrive | undefined> {
  return repository.launchRedrive({
    jobName,
    originJobExecutionId: execution.id,
    selection,
    executionContext: { kind: 'readable', values: { from: 'origin' } },
    redrivable: (['read', 'process', 'write'] as const).map((phase) => ({ stepName: 'load', phase })),
    launch: (batchId) => ({
      jobName,
      jobKey: `redrive-${batchId}`,
      parameters: [{ name: 'batchwright.redrive', type: 'java.lang.Long', text: batchId, identifying: true }],
      owner: OWNER,
      by: 'contract',
      definition: DEFINITION,
      facts: FACTS,
      leaseMilliseconds: 30_000,
    }),
  })
}

async function keepsItems(trial: RepositoryTrial): Promise<void> {
  const { quarantine } = trial.repository
  const items = [TRADE, RECORD, CUT]
  const { execution } = await withItems(trial, 'keeps', items)
  const entries = await quarantine.list({ jobExecutionId: execution.id, limit: 10 })
  const [step] = (await trial.find({ jobExecutionId: execution.id, generation: '1' })).stepExecutions
  const expected = items.map(({ former = null, ...item }) => ({
    ...item,
    former,
    jobName: trial.jobName,
    jobInstanceId: execution.jobInstance.id,
    jobExecutionId: execution.id,
    stepName: 'load',
    stepExecutionId: step?.id,
    redrive: null,
  }))
  const found = entries.toReversed().map(({ id, quarantinedAt, ...entry }) => {
    assert.match(id, /^\d+$/)
    assert.ok(quarantinedAt instanceof Date)
    return entry
  })
  assert.deepEqual(found, expected)
  assert.deepEqual(await quarantine.find(entries[0]?.id ?? ''), entries[0])
}

async function forgetsItems({ started, begin, repository }: RepositoryTrial): Promise<void> {
  const { claim } = await started('forgets')
  const session = await begin(claim, 'load')
  for (const pipelined of [false, true]) {
    const failing = session.commit({
      pipelined,
      work: async () => {
        throw new Error('the writer is broken')
      },
      progress: () => ({ counts: NO_COUNTS, executionContext: {}, quarantined: [TRADE] }),
    })
    await assert.rejects(failing, /the writer is broken/)
  }
  assert.deepEqual(await repository.quarantine.list({ jobExecutionId: claim.jobExecutionId, limit: 1 }), [])
  await session.close()
}

async function fencesItems({ started, begin, launch, repository }: RepositoryTrial): Promise<void> {
  const { claim } = await started('fence')
  const session = await begin(claim, 'load')
  await launch('fence', RECOVER)
  await assertRefused(skip(session, [TRADE]), 'LEASE_LOST')
  assert.deepEqual(await repository.quarantine.list({ jobExecutionId: claim.jobExecutionId, limit: 1 }), [])
  await session.close()
}

async function listsItems(trial: RepositoryTrial): Promise<void> {
  const { jobName, repository } = trial
  const first = await withItems(trial, 'list-a', [TRADE, RECORD])
  const second = await withItems(trial, 'list-b', [CUT], 'publish')
  const list = async (filter: object): Promise<readonly string[]> =>
    (await repository.quarantine.list({ jobName, limit: 10, ...filter })).map(({ error }) => error.type)
  assert.deepEqual(await list({}), ['23505', 'READ_FAILED', 'TypeError'])
  assert.deepEqual(await list({ limit: 2 }), ['23505', 'READ_FAILED'])
  const [, middle] = await repository.quarantine.list({ jobName, limit: 10 })
  assert.deepEqual(await list({ before: middle?.id }), ['TypeError'])
  assert.deepEqual(await list({ ids: [middle?.id] }), ['READ_FAILED'])
  assert.deepEqual(await list({ jobExecutionId: second.execution.id }), ['23505'])
  assert.deepEqual(await list({ jobInstanceId: first.execution.jobInstance.id }), [
    'READ_FAILED',
    'TypeError',
  ])
  assert.deepEqual(await list({ stepName: 'publish' }), ['23505'])
  assert.deepEqual(await list({ phase: 'read' }), ['READ_FAILED'])
  assert.deepEqual(await list({ errorType: 'TypeError' }), ['TypeError'])
  assert.deepEqual(await list({ jobName: `${jobName}-none` }), [])
  const counted = await repository.quarantine.summarize({ jobName })
  assert.deepEqual(
    counted.map(({ jobExecutionId, stepName, phase, state, items }) => [
      jobExecutionId,
      stepName,
      phase,
      state,
      items,
    ]),
    [
      [first.execution.id, 'load', 'process', 'due', 1],
      [first.execution.id, 'load', 'read', 'due', 1],
      [second.execution.id, 'publish', 'write', 'cut', 1],
    ],
  )
}

async function findsNothing({ repository: { quarantine } }: RepositoryTrial): Promise<void> {
  for (const id of ['999999999', 'x', '', '-1', '99999999999999999999']) {
    assert.equal(await quarantine.find(id), undefined)
    assert.equal(await quarantine.findBatch(id), undefined)
    assert.deepEqual(await quarantine.listBatches(id), [])
    assert.deepEqual(await quarantine.list({ jobExecutionId: id, limit: 1 }), [])
    assert.deepEqual(await quarantine.summarize({ ids: [id] }), [])
  }
}

async function claimsOnce(trial: RepositoryTrial): Promise<void> {
  const origin = await withItems(trial, 'once', [TRADE, RECORD, CUT])
  const [one] = await trial.repository.quarantine.list({
    jobExecutionId: origin.execution.id,
    phase: 'read',
    limit: 1,
  })
  const first = await redrive(trial, origin, { ids: [one?.id ?? ''] })
  assert.equal(first?.items, 1)
  assert.deepEqual(first.stepNames, ['load'])
  assert.deepEqual(valuesOf(first.launched.execution.executionContext), { from: 'origin' })
  const recorded = await trial.find(first.launched.claim)
  assert.deepEqual(valuesOf(recorded.executionContext), { from: 'origin' })
  const second = await redrive(trial, origin)
  assert.equal(second?.items, 1, 'neither the one that is held nor the one that was cut')
  assert.equal(await redrive(trial, origin), undefined)
  const batches = await trial.repository.quarantine.listBatches(origin.execution.id)
  assert.deepEqual(
    batches.map(({ id, originJobExecutionId, jobExecutionId, status, steps }) => ({
      id,
      originJobExecutionId,
      jobExecutionId,
      status,
      steps,
    })),
    [first, second].map(({ batchId, launched }) => ({
      id: batchId,
      originJobExecutionId: origin.execution.id,
      jobExecutionId: launched.execution.id,
      status: 'STARTING',
      steps: [{ stepName: 'load', items: 1, done: 0 }],
    })),
  )
  assert.deepEqual(await trial.repository.quarantine.findBatch(first.batchId), batches[0])
  const held = await trial.repository.quarantine.find(one?.id ?? '')
  assert.deepEqual(held?.redrive, {
    batchId: first.batchId,
    state: 'held',
    jobExecutionId: first.launched.execution.id,
    at: null,
    again: null,
  })
}

async function racesForItems(trial: RepositoryTrial): Promise<void> {
  const origin = await withItems(trial, 'race', [TRADE, TRADE, TRADE])
  const answers = await Promise.all([1, 2, 3, 4].map(() => redrive(trial, origin)))
  assert.deepEqual(
    answers.flatMap((answer) => answer?.items ?? []),
    [3],
  )
}

async function claimsRedrivable(trial: RepositoryTrial): Promise<void> {
  const other = await withItems(trial, 'other-step', [TRADE], 'publish')
  assert.equal(await redrive(trial, other), undefined)
  assert.deepEqual(await trial.repository.quarantine.listBatches(other.execution.id), [])
}

async function marksRedriven(trial: RepositoryTrial): Promise<void> {
  const { repository } = trial
  const origin = await withItems(trial, 'marks', [TRADE, RECORD])
  const [last, first] = await repository.quarantine.list({ jobExecutionId: origin.execution.id, limit: 2 })
  const redriving = await redrive(trial, origin)
  assert.ok(first && last && redriving)
  const { batchId, launched } = redriving
  await repository.startJobExecution(launched.claim)
  const session = await trial.begin(launched.claim, 'load')
  await skip(session, [{ ...TRADE, former: first.id }], { batchId, upTo: first.id })
  const [again] = await repository.quarantine.list({ jobExecutionId: launched.execution.id, limit: 2 })
  const done = await repository.quarantine.find(first.id)
  assert.equal(again?.former, first.id)
  assert.ok(done?.redrive?.at)
  assert.deepEqual(
    { ...done.redrive, at: null },
    { batchId, state: 'done', jobExecutionId: launched.execution.id, at: null, again: again.id },
  )
  assert.equal((await repository.quarantine.find(last.id))?.redrive?.state, 'held')
  const open = await repository.quarantine.list({
    jobExecutionId: origin.execution.id,
    which: 'open',
    limit: 9,
  })
  assert.deepEqual(
    open.map(({ id }) => id),
    [last.id],
  )
  assert.deepEqual((await repository.quarantine.findBatch(batchId))?.steps, [
    { stepName: 'load', items: 2, done: 1 },
  ])
  await session.close()
}

async function givesBack(trial: RepositoryTrial): Promise<void> {
  const { repository } = trial
  const origin = await withItems(trial, 'back', [TRADE])
  const [entry] = await repository.quarantine.list({ jobExecutionId: origin.execution.id, limit: 1 })
  const redriving = await redrive(trial, origin)
  assert.ok(entry && redriving)
  await repository.endJobExecution(redriving.launched.claim, jobEnd('FAILED'))
  assert.equal(await redrive(trial, origin), undefined, 'the failed one may be restarted')
  const restarted = await repository.launch({
    jobName: trial.jobName,
    jobKey: `redrive-${redriving.batchId}`,
    parameters: [],
    owner: OWNER,
    by: 'contract',
    definition: DEFINITION,
    facts: FACTS,
    leaseMilliseconds: 30_000,
    decide: () => ({ action: 'restart' }),
  })
  await repository.endJobExecution(restarted.claim, jobEnd('COMPLETED'))
  assert.equal((await repository.quarantine.find(entry.id))?.redrive?.state, 'given-back')
  assert.equal((await redrive(trial, origin))?.items, 1)
}

async function readsBatch(trial: RepositoryTrial): Promise<void> {
  const origin = await withItems(trial, 'reads', [TRADE, RECORD, TRADE])
  const redriving = await redrive(trial, origin)
  assert.ok(redriving)
  const { batchId } = redriving
  const read = async (part: object): Promise<readonly string[]> =>
    (await trial.repository.quarantine.batchEntries({ batchId, stepName: 'load', limit: 10, ...part })).map(
      ({ id }) => id,
    )
  const ids = await read({})
  assert.equal(ids.length, 3)
  assert.deepEqual(
    ids,
    ids.toSorted((one, other) => Number(one) - Number(other)),
  )
  assert.deepEqual(await read({ limit: 1 }), ids.slice(0, 1))
  assert.deepEqual(await read({ after: ids[0] }), ids.slice(1))
  assert.deepEqual(await read({ stepName: 'publish' }), [])
}
