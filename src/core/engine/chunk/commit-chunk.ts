/** One attempt at a chunk's transaction: business rows, counts, checkpoint and what is skipped, all or none. */
import {
  type ExecutionContext,
  READER_CHECKPOINT_KEY,
  WRITER_CHECKPOINT_KEY,
} from '../../model/execution-context.ts'
import { addCounts, type StepCounts } from '../../model/step-execution.ts'
import type { ItemSink, ItemWriter } from '../../ports/item-writer.ts'
import type { ReadProgress } from '../../ports/item-reader.ts'
import { failedItems } from '../../ports/items-failed.ts'
import type { CommitAnswer, StepProgress, StepSession } from '../../ports/step-session.ts'
import type { Transaction } from '../../ports/resource.ts'
import { attempt, settle } from '../first-error.ts'
import type { StepRun } from '../step-run.ts'
import { sealCheckpoint } from './checkpoint-seal.ts'
import type { Faults } from './faults.ts'
import type { FilledChunk } from './filled-chunk.ts'
import type { ItemHooks } from './item-hooks.ts'
import { nextOwnChunk } from './own-chunks.ts'
import { quarantinedItem, type Skip } from './skip.ts'

/** An opened writer, and the definition that it was opened from. */
export interface ChunkTarget {
  readonly writer: ItemWriter<unknown>
  readonly sink: ItemSink<unknown>
  /** Of the repository, and of the writer where that has a transaction of its own. */
  readonly commit: StepSession['commit']
  /** Whether what it writes is committed and rolled back with the chunk, on the repository at hand. */
  readonly isTransactional: boolean
  /** What became of the attempt at hand. */
  readonly call: WriterCall
}

/** Whether nothing that was written stays behind a failure, also of the items that a writer does not name. */
export function undoesAll({ isTransactional, sink }: ChunkTarget): boolean {
  return isTransactional || sink.ownTransaction !== undefined
}

export interface WriterCall {
  /** The writer was called, and not only asked to prepare. */
  begun: boolean
  failed: boolean
}

export interface ChunkWriting {
  readonly run: StepRun
  readonly target: ChunkTarget
  readonly hooks: ItemHooks
  readonly faults: Faults
  /** Of the reader, which may be a chunk further. */
  readonly readProgress: () => ReadProgress | undefined
}

/** What this attempt writes, and how. */
export interface WriteAttempt {
  readonly pipelined: boolean
  /** Undefined where nothing is left to be written. */
  readonly write: ((transaction: Transaction) => Promise<void>) | undefined
  /** Asked when `write` has settled, or when it is under way and pipelined. */
  readonly result: () => WriteResult
}

export interface WriteResult {
  /** Of the chunk's outputs, also what earlier attempts of a writer without transactions have written. */
  readonly written: readonly unknown[]
  /** Of this chunk's write. */
  readonly skips: readonly Skip[]
}

export interface WrittenChunk extends WriteResult {
  readonly answer: CommitAnswer
}

export type CommitOutcome =
  | { readonly outcome: 'committed'; readonly chunk: WrittenChunk }
  | { readonly outcome: 'failed'; readonly failure: FailedCommit }

export interface FailedCommit {
  readonly error: unknown
  /** Whether the writer has failed, and not the commit around it. */
  readonly inWriter: boolean
}

/** After a failure nothing of the chunk is committed or counted, and the writer stands where it stood before. */
export async function commitChunk(
  writing: ChunkWriting,
  chunk: FilledChunk,
  { pipelined, write, result }: WriteAttempt,
): Promise<CommitOutcome> {
  const { run, target, hooks } = writing
  const { call } = target
  Object.assign(call, { begun: false, failed: false })
  const work = async (transaction: Transaction): Promise<void> => {
    if (write === undefined) return
    hooks.beforeWrite?.(chunk.outputs)
    await callWriter(call, () => write(transaction))
  }
  let contribution: Partial<StepCounts> = {}
  let context: ExecutionContext = {}
  const progress = (): StepProgress => {
    const { written, skips } = result()
    contribution = contributionOf(chunk, { written, skips })
    context = withCheckpoints(run, target, chunk, written.length > 0)
    const counts = addCounts(run.ledger.counts(), contribution)
    const quarantined = [...chunk.skips, ...skips].map(quarantinedItem)
    const sample = run.samples.due(writing.readProgress)
    return {
      counts,
      executionContext: context,
      ...(quarantined.length > 0 && { quarantined }),
      ...(sample && { sample }),
    }
  }
  const committed = await settle(() => target.commit({ pipelined, work, progress }))
  if ('error' in committed) {
    await undoChunk(writing, chunk, committed.error)
    return { outcome: 'failed', failure: { error: committed.error, inWriter: call.failed } }
  }
  run.ledger.committed(contribution, { step: context, job: chunk.jobContext })
  const { written, skips } = result()
  if (written.length > 0) hooks.afterWrite?.(written)
  return { outcome: 'committed', chunk: { written, skips, answer: committed.value } }
}

async function callWriter(call: WriterCall, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    call.failed = true
    throw error
  }
}

export function contributionOf(chunk: FilledChunk, { written, skips }: WriteResult): Partial<StepCounts> {
  const processSkipCount = chunk.skips.length - chunk.readSkips
  return {
    readCount: chunk.items.length,
    writeCount: written.length,
    filterCount: chunk.items.length - chunk.outputs.length - processSkipCount,
    readSkipCount: chunk.readSkips,
    processSkipCount,
    writeSkipCount: skips.length,
    commitCount: 1,
  }
}

/** The author's values as the chunk left them, and where reader and writer stand. */
function withCheckpoints(
  run: StepRun,
  { sink, writer }: ChunkTarget,
  chunk: FilledChunk,
  hasWritten: boolean,
): ExecutionContext {
  const before = run.ledger.context()
  const read = chunk.checkpoint ?? before[READER_CHECKPOINT_KEY]
  const wrote = hasWritten ? sealCheckpoint(writer, sink.checkpoint?.()) : before[WRITER_CHECKPOINT_KEY]
  return {
    ...chunk.stepContext,
    ...(read === undefined ? {} : { [READER_CHECKPOINT_KEY]: read }),
    ...(wrote === undefined ? {} : { [WRITER_CHECKPOINT_KEY]: wrote }),
    ...(sink.ownTransaction === undefined ? {} : nextOwnChunk(before)),
  }
}

/**
 * A writer that was not called has nothing to undo, and would take the chunk before for the one rolled back. One that
 * names the items it has not written has written the others for good, unless the transaction has undone them.
 */
async function undoChunk(
  { run, target, hooks }: ChunkWriting,
  chunk: FilledChunk,
  error: unknown,
): Promise<void> {
  const { call } = target
  run.ledger.rolledBack()
  const isPartlyWritten = call.failed && !undoesAll(target) && failedItems(error) !== undefined
  if (call.begun && !isPartlyWritten)
    await attempt('undoing the writes of a chunk', run.scope.logger, () => target.sink.rolledBack?.())
  hooks.onWriteError?.(error, chunk.outputs)
}
