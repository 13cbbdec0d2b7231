/** A chunk that is written again: what is known of it between its attempts, and what it fails with. */
import { BatchError, isBatchError } from '../../model/batch-error.ts'
import { causeChain, thrownText } from '../../model/error-description.ts'
import { type Breather, createBreather } from './breather.ts'
import type { ChunkWriting, WriteAttempt } from './commit-chunk.ts'
import { describeItem, type FilledChunk, positionOfItem } from './filled-chunk.ts'
import { isFinal } from './final-error.ts'
import type { Skip } from './skip.ts'
import type { SkipRoom } from './skip-room.ts'

/** Indexes are those of the chunk's outputs. */
export interface Rewrite {
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

export function beginRewrite(writing: ChunkWriting, chunk: FilledChunk, room: SkipRoom): Rewrite {
  return {
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
}

/** Waits, and counts the attempt to come. That all are used up is told once, and not for each part that fails behind it. */
export async function triedAgain(rewrite: Rewrite, error: unknown): Promise<boolean> {
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

/** @throws BatchError SKIP_LIMIT_EXCEEDED */
export function blame(rewrite: Rewrite, output: number, error: unknown): void {
  const { faults } = rewrite.writing
  if (!faults.isSkippable('write', error)) throw decided(rewrite, error, [output])
  rewrite.guilty.set(output, error)
  const { room, chunk, guilty } = rewrite
  room.check(chunk.skips.length + guilty.size, () => [...chunk.skips, ...skipsOf(rewrite)])
}

export function outputsOf({ chunk }: Rewrite, indexes: readonly number[]): readonly unknown[] {
  return indexes.length === chunk.outputs.length
    ? chunk.outputs
    : indexes.map((index) => chunk.outputs[index])
}

export function resultOf(rewrite: Rewrite): ReturnType<WriteAttempt['result']> {
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
export function throwIfFinal(rewrite: Rewrite, error: unknown): void {
  const { run } = rewrite.writing
  run.control.abort.throwIfAborted()
  run.scope.signal.throwIfAborted()
  if (causeChain(error).some(isFinal)) throw error
}

/** The verdict, for what has to leave the transaction first. */
export function decided(rewrite: Rewrite, error: unknown, outputs: readonly number[]): BatchError {
  rewrite.verdict = writeFailed(rewrite, error, outputs)
  return rewrite.verdict
}

export function writeFailed(
  rewrite: Rewrite,
  error: unknown,
  outputs?: readonly number[],
  remedy = '',
): BatchError {
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
