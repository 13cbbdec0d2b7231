/** What every writer promises, as cases for any test runner: `for (const { promise, check } of itemWriterContract(…)) it(promise, check)`. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { isBatchError } from '../../core/model/batch-error.ts'
import type { Checkpoint } from '../../core/model/json-value.ts'
import { NO_COUNTS, type ReconciledCounts } from '../../core/model/step-execution.ts'
import { reconciledCounts } from '../../core/model/step-reconciliation.ts'
import type { Guarantee, ItemSink, ItemWriter } from '../../core/ports/item-writer.ts'
import type { JobRepository } from '../../core/ports/job-repository.ts'
import type { Resources, Transaction } from '../../core/ports/resource.ts'
import type { ContractCase } from '../contract.ts'
import { chunkTransactions, type InTransaction } from './chunk-transaction.ts'
import { NO_RESOURCES, NO_TRANSACTION_RESOURCES, SILENT_LOGGER, stored, withinSeconds } from './scope.ts'

/** A writer with an empty target of its own. */
export interface ItemWriterSubject<T> {
  readonly writer: ItemWriter<T>
  /** At least 6, no two alike. */
  readonly items: readonly T[]
  /** What whoever looks at the target sees now; what is not there yet is an empty list. */
  readonly visible: () => Promise<readonly unknown[]>
  /** What `visible` shows of an item. @default the item */
  readonly shown?: (item: T) => unknown
  /** Whether the target keeps the order in which items were written. @default true */
  readonly ordered?: boolean
  /** Whether nothing can be seen before the step completes, as of a file that gets its name at the end. @default false */
  readonly hiddenUntilComplete?: boolean
  /** Its chunks' transactions and its resources are those that the writer gets. It is not closed. @default there are none */
  readonly repository?: JobRepository
  /** In place of the repository's: commits what was done in it when `work` resolves, and rolls back when it rejects. */
  readonly transaction?: InTransaction
  /** In place of the repository's. */
  readonly resources?: Resources
  /** Removes the target. */
  readonly dispose?: () => Promise<void>
}

/** What the writer says of itself, which decides which cases there are. The first case holds the writer to it. */
export interface ItemWriterTraits {
  readonly guarantee: Guarantee
  /** Whether its sinks have a `checkpoint`. */
  readonly checkpoints: boolean
  /** Whether they have an `ownTransaction`. @default false */
  readonly ownTransaction?: boolean
}

class RolledBack extends Error {}

/** The rest of a chunk's write, as `prepare` answers it. */
type PreparedWrite = (transaction: Transaction) => Promise<void>

interface Part<T> {
  readonly items: readonly T[]
  readonly isUndone: boolean
}

/** One writer under test, with the engine's part played: chunks, commits, restarts. */
interface Trial<T> {
  readonly subject: ItemWriterSubject<T>
  /** The items of chunk n, each chunk of two. */
  readonly chunk: (n: number) => readonly T[]
  /** Opens as a new step execution, with what the last commit stored. */
  readonly open: () => Promise<ItemSink<T>>
  readonly commit: (sink: ItemSink<T>, items: readonly T[], write?: PreparedWrite) => Promise<void>
  /** Writes the parts one after the other, each in a savepoint, and commits those that are not undone. */
  readonly commitInParts: (sink: ItemSink<T>, parts: readonly Part<T>[]) => Promise<void>
  /** Writes and rolls the transaction back, without telling the sink: as a crash does. */
  readonly lose: (sink: ItemSink<T>, items: readonly T[]) => Promise<void>
  /** Commits, and then lets the sink believe that it was rolled back. */
  readonly commitUnknowingly: (sink: ItemSink<T>, items: readonly T[]) => Promise<void>
  readonly complete: (sink: ItemSink<T>) => Promise<void>
  readonly assertWritten: (...chunks: readonly number[]) => Promise<void>
}

/** `prepare` makes a subject for each case. */
export function itemWriterContract<T>(
  traits: ItemWriterTraits,
  prepare: () => Promise<ItemWriterSubject<T>>,
): readonly ContractCase[] {
  const promises: Record<string, (trial: Trial<T>) => Promise<void>> = {
    'is what its traits say': (trial) => keepsTraits(trial, traits),
    'what was committed is there when the step is complete': writesAll,
    'a step without items completes': completesEmpty,
    'what is not committed is not seen': hidesUncommitted,
    'a chunk may be prepared before the one before it is written': preparesAhead,
    'a chunk that was prepared and never written leaves no trace': forgetsPrepared,
    'a restart goes on behind the last committed chunk and drops what was written past it': restarts,
    'a restart without a committed chunk begins anew': restartsFromNothing,
    'a restart after an orderly close goes on as well': restartsAfterClose,
    'a chunk whose commit seemed to fail, and did not, is kept': keepsUnknownCommit,
    'an owner that was given up and still runs changes nothing': survivesFormerOwner,
    'complete may be repeated after a restart': completesAgain,
    'a restart that failed before its first commit can be restarted': restartsTwice,
    'can be closed at once, after a write and after a rollback': closesAnytime,
  }
  if (traits.guarantee === 'transactional') {
    promises['a chunk that was rolled back leaves no trace'] = forgetsRolledBack
    promises['a chunk that was rolled back after its checkpoint was taken leaves no trace'] =
      forgetsAfterCheckpoint
    promises['a part of a chunk that was undone alone leaves no trace'] = forgetsUndonePart
  }
  if (traits.ownTransaction === true) {
    promises['finds the mark of its last commit again, and of no other'] = findsItsMark
    promises['commits a chunk of nothing, with its mark'] = commitsNothing
    promises['an owner that was given up commits nothing more'] = fencesFormerOwner
  }
  if (traits.checkpoints) promises['refuses a checkpoint that is not its own'] = refusesForeignCheckpoint
  return Object.entries(promises).map(([promise, check]) => ({ promise, check: () => tried(prepare, check) }))
}

async function keepsTraits<T>({ subject }: Trial<T>, traits: ItemWriterTraits): Promise<void> {
  const sink = await openAs(subject, '1', undefined)
  await sink.close()
  const { guarantee, hasOwnTransaction = false } = subject.writer
  assert.equal(
    sink.ownTransaction !== undefined,
    hasOwnTransaction,
    'hasOwnTransaction is not true of its sinks',
  )
  const found = { guarantee, checkpoints: sink.checkpoint !== undefined, ownTransaction: hasOwnTransaction }
  assert.deepEqual(
    found,
    { ownTransaction: false, ...traits },
    'the traits that the suite was given are not those of the writer',
  )
}

async function writesAll<T>(trial: Trial<T>): Promise<void> {
  const sink = await trial.open()
  for (const n of [0, 1, 2]) await trial.commit(sink, trial.chunk(n))
  await trial.complete(sink)
  await trial.assertWritten(0, 1, 2)
}

async function completesEmpty<T>(trial: Trial<T>): Promise<void> {
  await trial.complete(await trial.open())
  await trial.assertWritten()
}

async function hidesUncommitted<T>(trial: Trial<T>): Promise<void> {
  const sink = await trial.open()
  const { guarantee } = trial.subject.writer
  await trial.commit(sink, trial.chunk(0))
  if (trial.subject.hiddenUntilComplete === true) await trial.assertWritten()
  await trial.lose(sink, trial.chunk(1))
  if (guarantee === 'transactional')
    await trial.assertWritten(...(trial.subject.hiddenUntilComplete === true ? [] : [0]))
  await sink.rolledBack?.()
  await sink.close()
}

/** As the engine does: chunk n+1 is prepared while chunk n is on its way. */
async function preparesAhead<T>(trial: Trial<T>): Promise<void> {
  const sink = await trial.open()
  let write = prepared(sink, trial.chunk(0))
  for (const n of [0, 1]) {
    const next = prepared(sink, trial.chunk(n + 1))
    await trial.commit(sink, trial.chunk(n), write)
    write = next
  }
  await trial.commit(sink, trial.chunk(2), write)
  await trial.complete(sink)
  await trial.assertWritten(0, 1, 2)
}

async function forgetsPrepared<T>(trial: Trial<T>): Promise<void> {
  const first = await trial.open()
  const write = prepared(first, trial.chunk(0))
  prepared(first, trial.chunk(1))
  await trial.commit(first, trial.chunk(0), write)
  await first.close()
  const second = await trial.open()
  await trial.commit(second, trial.chunk(2))
  await trial.complete(second)
  await trial.assertWritten(0, 2)
}

async function forgetsRolledBack<T>(trial: Trial<T>): Promise<void> {
  const sink = await trial.open()
  await trial.lose(sink, trial.chunk(0))
  await sink.rolledBack?.()
  await trial.commit(sink, trial.chunk(1))
  await trial.lose(sink, trial.chunk(0))
  await sink.rolledBack?.()
  await trial.commit(sink, trial.chunk(2))
  await trial.complete(sink)
  await trial.assertWritten(1, 2)
}

async function forgetsAfterCheckpoint<T>(trial: Trial<T>): Promise<void> {
  const sink = await trial.open()
  await trial.commit(sink, trial.chunk(0))
  await trial.lose(sink, trial.chunk(1))
  sink.checkpoint?.()
  await sink.rolledBack?.()
  await trial.commit(sink, trial.chunk(2))
  await trial.complete(sink)
  await trial.assertWritten(0, 2)
}

/** As the engine looks for the guilty item: in savepoints of one transaction. Some writers are never written so. */
async function forgetsUndonePart<T>(trial: Trial<T>): Promise<void> {
  const sink = await trial.open()
  if (sink.rolledBack !== undefined && sink.savepoint === undefined) return sink.close()
  await trial.commitInParts(sink, [
    { items: trial.chunk(0), isUndone: false },
    { items: trial.chunk(1), isUndone: true },
    { items: trial.chunk(2), isUndone: false },
  ])
  await trial.complete(sink)
  await trial.assertWritten(0, 2)
}

async function restarts<T>(trial: Trial<T>): Promise<void> {
  const first = await trial.open()
  await trial.commit(first, trial.chunk(0))
  await trial.lose(first, trial.chunk(1))
  const second = await trial.open()
  await trial.commit(second, trial.chunk(1))
  await trial.commit(second, trial.chunk(2))
  await trial.complete(second)
  await first.close()
  await trial.assertWritten(0, 1, 2)
}

async function restartsFromNothing<T>(trial: Trial<T>): Promise<void> {
  const first = await trial.open()
  await trial.lose(first, trial.chunk(1))
  const second = await trial.open()
  await trial.commit(second, trial.chunk(1))
  await trial.complete(second)
  await first.close()
  await trial.assertWritten(1)
}

async function restartsAfterClose<T>(trial: Trial<T>): Promise<void> {
  for (const n of [0, 1, 2]) {
    const sink = await trial.open()
    await trial.commit(sink, trial.chunk(n))
    if (n === 2) await trial.complete(sink)
    else await sink.close()
  }
  await trial.assertWritten(0, 1, 2)
}

async function keepsUnknownCommit<T>(trial: Trial<T>): Promise<void> {
  const first = await trial.open()
  await trial.commit(first, trial.chunk(0))
  await trial.commitUnknowingly(first, trial.chunk(1))
  await trial.lose(first, trial.chunk(2))
  await first.rolledBack?.()
  await first.close()
  const second = await trial.open()
  await trial.commit(second, trial.chunk(2))
  await trial.complete(second)
  await trial.assertWritten(0, 1, 2)
}

async function survivesFormerOwner<T>(trial: Trial<T>): Promise<void> {
  const former = await trial.open()
  await trial.commit(former, trial.chunk(0))
  const second = await trial.open()
  await trial.commit(second, trial.chunk(1))
  await trial.lose(former, trial.chunk(2))
  await former.rolledBack?.()
  await trial.commit(second, trial.chunk(2))
  await former.close()
  await trial.complete(second)
  await trial.assertWritten(0, 1, 2)
}

async function findsItsMark<T>(trial: Trial<T>): Promise<void> {
  const first = await trial.open()
  assert.equal(await first.ownTransaction?.lastMark(undefined), undefined)
  for (const n of [0, 1]) await trial.commit(first, trial.chunk(n))
  await trial.lose(first, trial.chunk(2))
  const second = await trial.open()
  const { chunk, counts } = (await second.ownTransaction?.lastMark(undefined)) ?? {}
  assert.deepEqual({ chunk, counts }, { chunk: 2, counts: countsOf(4) })
  await first.close()
  await second.close()
}

async function commitsNothing<T>(trial: Trial<T>): Promise<void> {
  const first = await trial.open()
  await trial.commit(first, [])
  await trial.commit(first, trial.chunk(0))
  await trial.commit(first, [])
  await first.close()
  const second = await trial.open()
  assert.equal((await second.ownTransaction?.lastMark(undefined))?.chunk, 3)
  await trial.complete(second)
  await trial.assertWritten(0)
}

async function fencesFormerOwner<T>(trial: Trial<T>): Promise<void> {
  const former = await trial.open()
  await trial.commit(former, trial.chunk(0))
  const second = await trial.open()
  await assert.rejects(trial.commit(former, trial.chunk(1)), 'a former owner has committed a chunk')
  await former.close()
  await trial.commit(second, trial.chunk(2))
  await trial.complete(second)
  await trial.assertWritten(0, 2)
}

async function completesAgain<T>(trial: Trial<T>): Promise<void> {
  const first = await trial.open()
  for (const n of [0, 1]) await trial.commit(first, trial.chunk(n))
  await trial.complete(first)
  await trial.complete(await trial.open())
  await trial.assertWritten(0, 1)
  await trial.complete(await trial.open())
  await trial.assertWritten(0, 1)
}

async function restartsTwice<T>(trial: Trial<T>): Promise<void> {
  const first = await trial.open()
  await trial.commit(first, trial.chunk(0))
  await first.close()
  const second = await trial.open()
  await trial.lose(second, trial.chunk(1))
  await second.rolledBack?.()
  await second.close()
  const third = await trial.open()
  await trial.commit(third, trial.chunk(1))
  await trial.complete(third)
  await trial.assertWritten(0, 1)
}

async function refusesForeignCheckpoint<T>({ subject }: Trial<T>): Promise<void> {
  await assert.rejects(
    () => openAs(subject, 'other', { 'no such': ['checkpoint'] }),
    (error) => isBatchError(error, 'CHECKPOINT_REFUSED'),
    'opening from a checkpoint of another writer must throw CHECKPOINT_REFUSED',
  )
}

async function closesAnytime<T>(trial: Trial<T>): Promise<void> {
  await (await trial.open()).close()
  const written = await trial.open()
  await trial.lose(written, trial.chunk(0))
  await withinSeconds(5, 'close after a write', written.close())
  const rolledBack = await trial.open()
  await trial.lose(rolledBack, trial.chunk(0))
  await rolledBack.rolledBack?.()
  await withinSeconds(5, 'close after a rollback', rolledBack.close())
}

async function tried<T>(
  prepare: () => Promise<ItemWriterSubject<T>>,
  check: (trial: Trial<T>) => Promise<void>,
): Promise<void> {
  const subject = await prepare()
  try {
    assert.ok(subject.items.length >= 6, `the subject has ${subject.items.length} items: 6 are needed`)
    await check(trialOf(subject))
  } finally {
    await subject.dispose?.()
  }
}

function trialOf<T>(subject: ItemWriterSubject<T>): Trial<T> {
  const inTransaction = transactionsOf(subject)
  const chunk = (n: number): readonly T[] => subject.items.slice(n * 2, n * 2 + 2)
  let committed: Checkpoint | undefined
  const transactionId = randomUUID()
  let writeCount = 0
  let chunks = 0
  let stepExecutions = 0
  const commit: Trial<T>['commit'] = async (sink, items, write = prepared(sink, items)) => {
    const checkpoint = await inTransaction(async (transaction) => {
      if (items.length > 0) await write(transaction)
      return sink.checkpoint?.()
    })
    const mark = { chunk: chunks + 1, counts: countsOf(writeCount + items.length), reader: undefined }
    await sink.ownTransaction?.commit(mark)
    chunks += 1
    committed = checkpoint === undefined ? undefined : stored(checkpoint)
    writeCount += items.length
  }
  const commitInParts: Trial<T>['commitInParts'] = async (sink, parts) => {
    const checkpoint = await inTransaction(async (transaction) => {
      for (const part of parts) await writePart(sink, transaction, part)
      return sink.checkpoint?.()
    })
    committed = checkpoint === undefined ? undefined : stored(checkpoint)
    writeCount += parts.reduce((sum, { items, isUndone }) => sum + (isUndone ? 0 : items.length), 0)
  }
  const lose = async (sink: ItemSink<T>, items: readonly T[]): Promise<void> => {
    const write = prepared(sink, items)
    const written = inTransaction(async (transaction) => {
      await write(transaction)
      throw new RolledBack('this chunk is not committed')
    })
    if (sink.ownTransaction === undefined) await assert.rejects(written, RolledBack)
    else await assert.rejects(written) // a former owner may be told already in its write that it is one
  }
  return {
    subject,
    chunk,
    commitInParts,
    open: () => openAs(subject, String(++stepExecutions), committed, transactionId),
    commit,
    lose,
    commitUnknowingly: async (sink, items) => {
      await commit(sink, items)
      await sink.rolledBack?.()
    },
    complete: async (sink) => {
      await sink.complete?.({ writeCount })
      await sink.close()
    },
    assertWritten: async (...chunks) => assertVisible(subject, chunks.flatMap(chunk)),
  }
}

async function writePart<T>(
  sink: ItemSink<T>,
  transaction: Transaction,
  { items, isUndone }: Part<T>,
): Promise<void> {
  const undo = sink.savepoint?.()
  const written = transaction.savepoint(async () => {
    await prepared(sink, items)(transaction)
    if (isUndone) throw new RolledBack('this part is undone')
  })
  if (!isUndone) return written
  await assert.rejects(written, RolledBack)
  await undo?.()
}

function transactionsOf<T>({ transaction, repository }: ItemWriterSubject<T>): InTransaction {
  if (transaction !== undefined) return transaction
  return repository === undefined ? (work) => work(NO_TRANSACTION_RESOURCES) : chunkTransactions(repository)
}

function prepared<T>(sink: ItemSink<T>, items: readonly T[]): PreparedWrite {
  if (items.length === 0) return async () => {}
  return sink.prepare?.(items) ?? ((transaction) => sink.write(items, transaction))
}

function openAs<T>(
  { writer, repository, resources = repository?.resources ?? NO_RESOURCES }: ItemWriterSubject<T>,
  stepExecutionId: string,
  from: Checkpoint | undefined,
  transactionId: string = randomUUID(),
): Promise<ItemSink<T>> {
  const { signal } = new AbortController()
  return writer.open({
    from,
    jobName: 'contract',
    jobExecutionId: '1',
    stepName: 'load',
    stepExecutionId,
    ...(writer.hasOwnTransaction === true && { transactionId }),
    signal,
    logger: SILENT_LOGGER,
    resources,
  })
}

function countsOf(writeCount: number): ReconciledCounts {
  return reconciledCounts({ ...NO_COUNTS, readCount: writeCount, writeCount })
}

/** Exactly the items; for lower guarantees at least them, as a set. */
async function assertVisible<T>(subject: ItemWriterSubject<T>, items: readonly T[]): Promise<void> {
  const { shown = (item) => item, ordered = true, writer } = subject
  const expected = items.map(shown)
  const visible = await subject.visible()
  if (writer.guarantee === 'transactional' && ordered) return assert.deepEqual(visible, expected)
  if (writer.guarantee === 'transactional')
    assert.equal(visible.length, expected.length, 'items are missing or doubled')
  const missing = expected.filter((item) => !visible.some((other) => isDeepEqual(other, item)))
  assert.ok(missing.length === 0, `not written: ${inspect(missing)}`)
}

function isDeepEqual(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other)
    return true
  } catch {
    return false
  }
}
