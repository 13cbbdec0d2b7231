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
import { isTransactionFault } from '../../model/transient-error.ts'
import { failedItems } from '../../ports/items-failed.ts'
import {
  type ChunkWriting,
  commitChunk,
  type FailedCommit,
  type WriteAttempt,
  type WrittenChunk,
} from './commit-chunk.ts'
import type { FilledChunk } from './filled-chunk.ts'
import { prepareWrite } from './prepare-write.ts'
import {
  beginRewrite,
  blame,
  outputsOf,
  resultOf,
  type Rewrite,
  throwIfFinal,
  triedAgain,
  writeFailed,
} from './rewrite.ts'
import { settleNamed } from './settle-named.ts'
import type { SkipRoom } from './skip-room.ts'
import { inSavepoints } from './write-in-savepoints.ts'

/** @throws BatchError what the step fails with */
export async function rewriteChunk(
  writing: ChunkWriting,
  chunk: FilledChunk,
  room: SkipRoom,
  first: FailedCommit,
): Promise<WrittenChunk> {
  const rewrite = beginRewrite(writing, chunk, room)
  let failure = first
  for (;;) {
    const attempt = await nextAttempt(rewrite, failure)
    const done = await commitChunk(writing, chunk, attempt)
    if (done.outcome === 'committed') return done.chunk
    failure = done.failure
  }
}

/** @throws what the step fails with, when nothing more is to be tried; StoppedWhileWaiting */
async function nextAttempt(rewrite: Rewrite, { error, inWriter }: FailedCommit): Promise<WriteAttempt> {
  const { target, faults } = rewrite.writing
  if (rewrite.verdict !== undefined) throw rewrite.verdict
  throwIfFinal(rewrite, error)
  const named = inWriter && !target.isTransactional ? failedItems(error) : undefined
  if (named !== undefined) {
    await settleNamed(rewrite, error, named)
    return replay(rewrite)
  }
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

function replay(rewrite: Rewrite): WriteAttempt {
  const { target } = rewrite.writing
  const outputs = outputsOf(rewrite, rewrite.pending)
  return {
    pipelined: target.sink.pipelined === true,
    write: outputs.length === 0 ? undefined : prepareWrite(target, outputs),
    result: () => resultOf(rewrite),
  }
}
