/** One chunk-oriented step execution: opens reader and writer where the last one stopped, loops, publishes, closes. */
import type { ChunkStepDefinition } from '../../definition/step-definition.ts'
import { isPositiveInteger } from '../../definition/check-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import { WRITER_CHECKPOINT_KEY } from '../../model/execution-context.ts'
import type { ItemWriter } from '../../ports/item-writer.ts'
import type { OwnTransaction } from '../../ports/own-transaction.ts'
import type { StepOutcome, StepRun } from '../step-run.ts'
import { catchUp } from './catch-up.ts'
import { sealCheckpoint } from './checkpoint-seal.ts'
import { type ChunkLoop, type ChunkSource, runChunkLoop } from './chunk-loop.ts'
import type { ChunkTarget } from './commit-chunk.ts'
import { commitContext } from './commit-context.ts'
import { commitMark } from './own-commit.ts'
import { reconcile } from './reconcile.ts'
import { type ChunkStart, withReader } from './with-reader.ts'
import { withWriter } from './with-writer.ts'

export async function runChunkStep(
  run: StepRun,
  definition: ChunkStepDefinition,
  start: ChunkStart,
): Promise<StepOutcome> {
  const size = chunkSize(run, definition)
  const writer = definition.writer(run.scope)
  const work: StepWork = (source, target) => loopAndPublish({ run, definition, size, source, target })
  if (writer.hasOwnTransaction === true) return workBehindMark({ run, definition, start, writer, work })
  return withReader(run, definition, start, (source) =>
    withWriter(run, writer, start.from, (target) => work(source, target)),
  )
}

type StepWork = (source: ChunkSource, target: ChunkTarget) => Promise<StepOutcome>

interface OwnTransactionStep {
  readonly run: StepRun
  readonly definition: ChunkStepDefinition
  readonly start: ChunkStart
  readonly writer: ItemWriter<unknown>
  readonly work: StepWork
}

/** The writer comes first: its mark says how far the step has come, and there the reader is opened. */
function workBehindMark({ run, definition, start, writer, work }: OwnTransactionStep): Promise<StepOutcome> {
  return withWriter(run, writer, start.from, async (target) => {
    const own = ownTransactionOf(target)
    const hasMark = await catchUp(run, own)
    const from = run.ledger.context()
    return withReader(run, definition, { ...start, from }, async (source) => {
      if (!hasMark) await commitMark(run, own)
      return work(source, target)
    })
  })
}

function ownTransactionOf({ sink, writer }: ChunkTarget): OwnTransaction {
  if (sink.ownTransaction !== undefined) return sink.ownTransaction
  throw new Error(`${writer.description} has announced a transaction of its own, and has none`)
}

/** What the writer publishes stands before the step is recorded as COMPLETED, so a failure there fails the step. */
async function loopAndPublish(loop: ChunkLoop): Promise<StepOutcome> {
  const outcome = await runChunkLoop(loop)
  if (outcome === 'completed') {
    reconcile(loop.run)
    await commitBeforePublishing(loop)
    const { earlierCounts, ledger } = loop.run
    await loop.target.sink.complete?.({ writeCount: earlierCounts.writeCount + ledger.counts().writeCount })
  }
  return outcome
}

/**
 * By its checkpoint a writer recognises what it has published, should the process die before the step is recorded. A
 * step that wrote nothing has none yet.
 */
async function commitBeforePublishing({ run, target: { sink, writer } }: ChunkLoop): Promise<void> {
  const before = run.ledger.context()
  if (!sink.complete || !sink.checkpoint || before[WRITER_CHECKPOINT_KEY] !== undefined) return
  await commitContext(run, { [WRITER_CHECKPOINT_KEY]: sealCheckpoint(writer, sink.checkpoint()) })
}

function chunkSize(run: StepRun, { options }: ChunkStepDefinition): number {
  const size = typeof options.size === 'function' ? options.size(run.scope) : options.size
  if (isPositiveInteger(size)) return size
  throw new BatchError(
    'INVALID_JOB_DEFINITION',
    `Step ${run.stepName}: size is ${size}; it must be a whole number from 1 on.`,
    {
      details: { stepName: run.stepName, size },
    },
  )
}
