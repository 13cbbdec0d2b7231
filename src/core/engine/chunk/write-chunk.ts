/** Writes one chunk and commits it: business rows, counts and checkpoint in one transaction. */
import { BatchError, isBatchError } from '../../model/batch-error.ts'
import { thrownText } from '../../model/error-description.ts'
import {
  type ExecutionContext,
  READER_CHECKPOINT_KEY,
  WRITER_CHECKPOINT_KEY,
} from '../../model/execution-context.ts'
import { addCounts, type StepCounts } from '../../model/step-execution.ts'
import type { ItemSink, ItemWriter } from '../../ports/item-writer.ts'
import type { CommitAnswer } from '../../ports/job-repository.ts'
import type { Transaction } from '../../ports/resource.ts'
import { attempt, settle } from '../first-error.ts'
import type { StepRun } from '../step-run.ts'
import { sealCheckpoint } from './checkpoint-seal.ts'
import { describeItem, type FilledChunk } from './filled-chunk.ts'
import type { ItemHooks } from './item-hooks.ts'

/** An opened writer, and the definition that it was opened from. */
export interface ChunkTarget {
  readonly writer: ItemWriter<unknown>
  readonly sink: ItemSink<unknown>
}

/**
 * After a rejection nothing of the chunk is written or counted, and the writer stands where it stood before.
 * @throws BatchError WRITE_FAILED, or what the repository says: LEASE_LOST, REPOSITORY_UNAVAILABLE …
 */
export async function writeChunk(
  run: StepRun,
  target: ChunkTarget,
  hooks: ItemHooks,
  chunk: FilledChunk,
): Promise<CommitAnswer> {
  const { sink } = target
  const contribution = contributionOf(chunk)
  let context: ExecutionContext = {}
  const work = async (transaction: Transaction) => {
    if (chunk.outputs.length === 0) return
    hooks.beforeWrite?.(chunk.outputs)
    await chunk.write(transaction)
  }
  const progress = () => {
    context = withCheckpoints(run, target, chunk)
    return { counts: addCounts(run.ledger.counts(), contribution), executionContext: context }
  }
  const committed = await settle(() =>
    run.session.commit({ pipelined: sink.pipelined === true, work, progress }),
  )
  if ('error' in committed) throw await undoChunk(run, sink, hooks, chunk, committed.error)
  run.ledger.committed(contribution, { step: context, job: chunk.jobContext })
  if (chunk.outputs.length > 0) hooks.afterWrite?.(chunk.outputs)
  return committed.value
}

function contributionOf(chunk: FilledChunk): Partial<StepCounts> {
  return {
    readCount: chunk.items.length,
    writeCount: chunk.outputs.length,
    filterCount: chunk.items.length - chunk.outputs.length,
    commitCount: 1,
  }
}

/** The author's values as the chunk left them, and where reader and writer stand. */
function withCheckpoints(run: StepRun, { sink, writer }: ChunkTarget, chunk: FilledChunk): ExecutionContext {
  const before = run.ledger.context()
  const written = chunk.outputs.length > 0 ? sink.checkpoint?.() : undefined
  const read = chunk.checkpoint ?? before[READER_CHECKPOINT_KEY]
  const wrote = written === undefined ? before[WRITER_CHECKPOINT_KEY] : sealCheckpoint(writer, written)
  return {
    ...chunk.stepContext,
    ...(read === undefined ? {} : { [READER_CHECKPOINT_KEY]: read }),
    ...(wrote === undefined ? {} : { [WRITER_CHECKPOINT_KEY]: wrote }),
  }
}

async function undoChunk(
  run: StepRun,
  sink: ItemSink<unknown>,
  hooks: ItemHooks,
  chunk: FilledChunk,
  error: unknown,
): Promise<unknown> {
  run.ledger.rolledBack()
  await attempt('undoing the writes of a chunk', run.scope.logger, () => sink.rolledBack?.())
  hooks.onWriteError?.(error, chunk.outputs)
  if (run.control.abort.aborted) return run.control.abort.reason
  const saysItAll =
    isBatchError(error) && (error.code !== 'WRITE_FAILED' || error.details['outcome'] === 'committed')
  return saysItAll ? error : writeFailed(run, chunk, error)
}

function writeFailed(run: StepRun, chunk: FilledChunk, error: unknown): BatchError {
  const first = run.ledger.counts().readCount + 1
  const range = `items ${first} to ${first + chunk.items.length - 1} of this execution (from ${describeItem(chunk.pages, 0)})`
  const reason = thrownText(error)
  return new BatchError(
    'WRITE_FAILED',
    `Step ${run.stepName} could not write ${range}: ${reason}. The chunk was rolled back; a restart begins with it.`,
    { details: { stepName: run.stepName, firstItem: first, items: chunk.items.length }, cause: error },
  )
}
