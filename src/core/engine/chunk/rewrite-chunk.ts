/**
 * Writes again a chunk whose write or commit has failed. Retry comes before skip, processors are not run again, and nothing
 * waits inside a transaction. What is done next depends on the error and on the writer:
 *
 * - replay: what is about the transaction (deadlock, serialization failure, lost connection), and what may be retried after
 *   a wait: the buffered outputs are written in a new transaction;
 * - retry in savepoints: what may be retried at once, by a transactional writer;
 * - parts: the error may be skipped, and the writer is transactional: the guilty items are looked for in savepoints of one new
 *   transaction, which commits the others, the counts, the checkpoint and the quarantine together;
 * - only what is named: a writer without transactions says which items it has not written, and those alone are retried or
 *   skipped; with a transaction of its own, which is aborted, all that are not skipped are written again;
 * - fail.
 */
import { BatchError, isBatchError } from '../../model/batch-error.ts'
import { causeChain, thrownText } from '../../model/error-description.ts'
import { isTransactionFault } from '../../model/transient-error.ts'
import { failedItems, suspectedItems } from '../../ports/items-failed.ts'
import type { Transaction } from '../../ports/resource.ts'
import { type Breather, createBreather } from './breather.ts'
import {
  type ChunkWriting,
  commitChunk,
  type FailedCommit,
  undoesAll,
  type WriteAttempt,
  type WrittenChunk,
} from './commit-chunk.ts'
import { describeItem, type FilledChunk, positionOfItem } from './filled-chunk.ts'
import { isFinal } from './final-error.ts'
import { findGuilty, type PartFailure } from './find-guilty.ts'
import { prepareWrite } from './prepare-write.ts'
import type { Skip } from './skip.ts'
import type { SkipRoom } from './skip-room.ts'

/** @throws BatchError what the step fails with */
export async function rewriteChunk(
  writing: ChunkWriting,
  chunk: FilledChunk,
  room: SkipRoom,
  first: FailedCommit,
): Promise<WrittenChunk> {
  const rewrite: Rewrite = {
    writing,
    chunk,
    room,
    attempt: 1,
    isExhausted: false,
    pending: chunk.outputs.map((_, index) => index),
    guilty: new Map(),
    inParts: false,
    breathe: createBreather(),
  }
  let failure = first
  for (;;) {
    const attempt = await nextAttempt(rewrite, failure)
    const done = await commitChunk(writing, chunk, attempt)
    if (done.outcome === 'committed') return done.chunk
    failure = done.failure
  }
}

/** What is known of the chunk between its attempts. Indexes are those of its outputs. */
interface Rewrite {
  readonly writing: ChunkWriting
  readonly chunk: FilledChunk
  readonly room: SkipRoom
  /** How many attempts there were, of the whole or of any part. */
  attempt: number
  isExhausted: boolean
  /** To be written; the others are written for good, or guilty. */
  pending: readonly number[]
  /** To be skipped, with the reason. Found out once, it stays so in later transactions. */
  readonly guilty: Map<number, unknown>
  inParts: boolean
  /** Decided inside a transaction: what the step fails with. */
  verdict?: BatchError
  readonly breathe: Breather
}

/** @throws what the step fails with, when nothing more is to be tried; StoppedWhileWaiting */
async function nextAttempt(rewrite: Rewrite, { error, inWriter }: FailedCommit): Promise<WriteAttempt> {
  const { target, faults } = rewrite.writing
  if (rewrite.verdict !== undefined) throw rewrite.verdict
  throwIfFinal(rewrite, error)
  const named = inWriter && !target.isTransactional ? failedItems(error) : undefined
  if (named !== undefined) return onlyNamed(rewrite, error, named)
  if (await triedAgain(rewrite, error)) {
    const atOnce = !faults.retry.write.waits && !isTransactionFault(error) && isDivisible(rewrite)
    return atOnce || rewrite.inParts ? inSavepoints(rewrite, undefined) : replay(rewrite)
  }
  const blamesItems = inWriter || target.isTransactional
  if (rewrite.inParts || !blamesItems || !faults.isSkippable('write', error))
    throw writeFailed(rewrite, error)
  const [only, another] = rewrite.pending
  // What failed behind the write may be the item's, as a deferred constraint is, or not: its savepoint tells.
  if (only !== undefined && another === undefined && (inWriter || !isDivisible(rewrite))) {
    blame(rewrite, only, error)
    rewrite.pending = []
    return replay(rewrite)
  }
  if (!isDivisible(rewrite)) throw writeFailed(rewrite, error, undefined, NAMELESS)
  return inSavepoints(rewrite, another === undefined ? undefined : { error })
}

/** Of a failure that may be skipped, by a writer that is not written in parts. */
const NAMELESS =
  ' The error may be skipped, but which items it is about is not known: a writer that cannot be undone in savepoints ' +
  'names them (itemsFailed of batchwright/ports), or is written item by item (size: 1).'

function isDivisible({ writing }: Rewrite): boolean {
  const { isTransactional, sink } = writing.target
  return isTransactional && (sink.rolledBack === undefined || sink.savepoint !== undefined)
}

/** Waits, and counts the attempt to come. That all are used up is told once, and not for each part that fails behind it. */
async function triedAgain(rewrite: Rewrite, error: unknown): Promise<boolean> {
  const { faults } = rewrite.writing
  if (rewrite.isExhausted) return false
  const place = (): string => `the chunk from ${describeItem(rewrite.chunk.pages, 0)}`
  if (!(await faults.tryAgain({ phase: 'write', error, attempt: rewrite.attempt, place }))) {
    const { attempts, matches } = faults.retry.write
    rewrite.isExhausted = rewrite.attempt >= attempts && matches(error)
    return false
  }
  rewrite.attempt += 1
  return true
}

function replay(rewrite: Rewrite): WriteAttempt {
  const { target } = rewrite.writing
  const outputs = outputsOf(rewrite, rewrite.pending)
  return {
    pipelined: target.sink.pipelined === true,
    write: outputs.length === 0 ? undefined : prepareWrite(target, outputs),
    result: () => resultOf(rewrite),
  }
}

/**
 * As a whole, as often as it may be retried at once, and then in parts. `known`: the whole has failed already and is not to
 * be tried again. Retries that need a wait, and what is about the transaction, end the transaction.
 */
function inSavepoints(rewrite: Rewrite, known: { readonly error: unknown } | undefined): WriteAttempt {
  const places = rewrite.pending.filter((index) => !rewrite.guilty.has(index))
  rewrite.inParts = true
  const write = (transaction: Transaction): Promise<void> =>
    findGuilty(places, known, {
      tryPart: (part) => tryPart(rewrite, transaction, part),
      suspects: suspectedItems,
      isGuilty: (place, error) => blame(rewrite, place, error),
    })
  return {
    pipelined: false,
    write: places.length === 0 ? undefined : write,
    result: () => resultOf(rewrite),
  }
}

async function tryPart(
  rewrite: Rewrite,
  transaction: Transaction,
  part: readonly number[],
): Promise<PartFailure | undefined> {
  const { run, target, faults } = rewrite.writing
  const { sink } = target
  const outputs = outputsOf(rewrite, part)
  const rules = faults.retry.write
  for (;;) {
    await rewrite.breathe()
    run.scope.signal.throwIfAborted()
    const undo = sink.savepoint?.()
    let isLate = false
    try {
      await transaction.savepoint(async () => {
        await prepareWrite(target, outputs)(transaction)
        isLate = true
      })
      return undefined
    } catch (error) {
      throwIfFinal(rewrite, error)
      if (isTransactionFault(error)) throw error
      await undo?.()
      if (rules.waits && rewrite.attempt < rules.attempts && rules.matches(error)) throw error
      if (await triedAgain(rewrite, error)) continue
      if (!faults.isSkippable('write', error)) throw decided(rewrite, error, part)
      return { error, isLate }
    }
  }
}

/** All others are written for good, or undone with them and written again. Those named are retried together, as far as they may be, else skipped. */
async function onlyNamed(
  rewrite: Rewrite,
  error: unknown,
  named: readonly { readonly index: number; readonly error: unknown }[],
): Promise<WriteAttempt> {
  const { faults } = rewrite.writing
  const rules = faults.retry.write
  const errors = new Map<number, unknown>()
  for (const failure of named) {
    const output = rewrite.pending[failure.index]
    // It names nothing of what it was given: which items are written is not known then.
    if (output === undefined) throw writeFailed(rewrite, error)
    if (!errors.has(output)) errors.set(output, failure.error)
  }
  const failures = [...errors].map(([output, reason]) => ({ output, error: reason }))
  const retried = failures.find((failure) => rules.matches(failure.error))
  const again = retried !== undefined && (await triedAgain(rewrite, retried.error))
  const pending: number[] = []
  for (const failure of failures) {
    if (again && rules.matches(failure.error)) pending.push(failure.output)
    else if (faults.isSkippable('write', failure.error)) blame(rewrite, failure.output, failure.error)
    else throw writeFailed(rewrite, failure.error, [failure.output])
  }
  rewrite.pending = undoesAll(rewrite.writing.target) ? notGuilty(rewrite) : pending
  return replay(rewrite)
}

function notGuilty({ chunk, guilty }: Rewrite): readonly number[] {
  return chunk.outputs.map((_, index) => index).filter((index) => !guilty.has(index))
}

/** @throws BatchError SKIP_LIMIT_EXCEEDED */
function blame(rewrite: Rewrite, output: number, error: unknown): void {
  const { faults } = rewrite.writing
  if (!faults.isSkippable('write', error)) throw decided(rewrite, error, [output])
  rewrite.guilty.set(output, error)
  const { room, chunk, guilty } = rewrite
  room.check(chunk.skips.length + guilty.size, () => [...chunk.skips, ...skipsOf(rewrite)])
}

function outputsOf({ chunk }: Rewrite, indexes: readonly number[]): readonly unknown[] {
  return indexes.length === chunk.outputs.length
    ? chunk.outputs
    : indexes.map((index) => chunk.outputs[index])
}

function resultOf(rewrite: Rewrite): {
  readonly written: readonly unknown[]
  readonly skips: readonly Skip[]
} {
  const { chunk, guilty } = rewrite
  if (guilty.size === 0) return { written: chunk.outputs, skips: [] }
  return { written: chunk.outputs.filter((_, index) => !guilty.has(index)), skips: skipsOf(rewrite) }
}

function skipsOf({ chunk, guilty }: Rewrite): readonly Skip[] {
  return [...guilty]
    .toSorted(([one], [other]) => one - other)
    .map(([output, error]) => ({
      phase: 'write',
      error,
      position: positionOfItem(chunk.pages, chunk.itemOf(output)),
      subject: chunk.outputs[output],
    }))
}

/** @throws what ends the step whatever its policies say */
function throwIfFinal(rewrite: Rewrite, error: unknown): void {
  const { run } = rewrite.writing
  run.control.abort.throwIfAborted()
  run.scope.signal.throwIfAborted()
  if (causeChain(error).some(isFinal)) throw error
}

/** The verdict, for what has to leave the transaction first. */
function decided(rewrite: Rewrite, error: unknown, outputs: readonly number[]): BatchError {
  rewrite.verdict = writeFailed(rewrite, error, outputs)
  return rewrite.verdict
}

function writeFailed(rewrite: Rewrite, error: unknown, outputs?: readonly number[], remedy = ''): BatchError {
  const { chunk, writing } = rewrite
  if (isBatchError(error) && error.code !== 'WRITE_FAILED') return error
  const { run } = writing
  const first = run.ledger.counts().readCount + 1
  const whole = `items ${first} to ${first + chunk.items.length - 1} of this execution (from ${describeItem(chunk.pages, 0)})`
  const [only, another] = outputs ?? []
  const place = only === undefined ? whole : describeItem(chunk.pages, chunk.itemOf(only))
  const range = only === undefined || another === undefined ? place : `an item from ${place} on`
  const tries = rewrite.attempt === 1 ? '' : `, in ${rewrite.attempt} attempts`
  return new BatchError(
    'WRITE_FAILED',
    `Step ${run.stepName} could not write ${range}${tries}: ${thrownText(error)}. ` +
      `The chunk was rolled back; a restart begins with it.${remedy}`,
    { details: { stepName: run.stepName, firstItem: first, items: chunk.items.length }, cause: error },
  )
}
