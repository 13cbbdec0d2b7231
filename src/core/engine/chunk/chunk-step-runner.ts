/** One chunk-oriented step execution: opens reader and writer where the last one stopped, loops, publishes, closes. */
import type { ChunkStepDefinition } from '../../definition/step-definition.ts'
import { isPositiveInteger } from '../../definition/check-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import {
  type ExecutionContext,
  READER_CHECKPOINT_KEY,
  WRITER_CHECKPOINT_KEY,
} from '../../model/execution-context.ts'
import type { Checkpoint } from '../../model/json-value.ts'
import type { ItemReader } from '../../ports/item-reader.ts'
import type { ItemWriter } from '../../ports/item-writer.ts'
import type { OwnTransaction } from '../../ports/own-transaction.ts'
import { effectiveGuarantee } from '../effective-guarantee.ts'
import { attempt, firstError, settle, unsettle } from '../first-error.ts'
import type { StepOutcome, StepRun } from '../step-run.ts'
import { type ChunkLoop, type ChunkSource, runChunkLoop } from './chunk-loop.ts'
import { sealCheckpoint, unsealCheckpoint } from './checkpoint-seal.ts'
import { catchUp, ownTransactionId } from './catch-up.ts'
import { commitContext } from './commit-context.ts'
import { reconcile } from './reconcile.ts'
import type { ChunkTarget } from './commit-chunk.ts'
import { estimateBytes } from './item-bytes.ts'
import { commitFirstMark, commitWithOwn } from './own-transaction.ts'
import { type CompletionLimits, pageSupply } from './page-supply.ts'

export interface ChunkStart {
  /** The context of the step's last execution; empty on a first run. */
  readonly from: ExecutionContext
  readonly begunBySpring: boolean
}

export async function runChunkStep(
  run: StepRun,
  definition: ChunkStepDefinition,
  start: ChunkStart,
): Promise<StepOutcome> {
  const size = chunkSize(run, definition)
  const writer = definition.writer(run.scope)
  if (writer.hasOwnTransaction === true)
    return withWriter(run, writer, start.from, async (target) => {
      const own = ownTransactionOf(target)
      await catchUp(run, own)
      const from = run.ledger.context()
      return withReader(run, definition, { ...start, from }, async (source) => {
        await commitFirstMark(run, own)
        return loopAndPublish({ run, definition, size, source, target })
      })
    })
  return withReader(run, definition, start, (source) =>
    withWriter(run, writer, start.from, (target) =>
      loopAndPublish({ run, definition, size, source, target }),
    ),
  )
}

async function withReader(
  run: StepRun,
  definition: ChunkStepDefinition,
  start: ChunkStart,
  work: (source: ChunkSource) => Promise<StepOutcome>,
): Promise<StepOutcome> {
  const source = await openReader(run, definition, start)
  try {
    await commitStart(run, source, start)
    return await work(source)
  } finally {
    source.endReading()
    await attempt(`closing the reader of step ${run.stepName}`, run.scope.logger, () => source.reader.close())
  }
}

async function withWriter(
  run: StepRun,
  writer: ItemWriter<unknown>,
  from: ExecutionContext,
  work: (target: ChunkTarget) => Promise<StepOutcome>,
): Promise<StepOutcome> {
  const target = await openWriter(run, writer, from)
  const outcome = await settle(() => work(target))
  const closed = await settle(() => target.sink.close())
  return unsettle(firstError(outcome, closed, run.scope.logger))
}

function ownTransactionOf({ sink, writer }: ChunkTarget): OwnTransaction {
  if (sink.ownTransaction !== undefined) return sink.ownTransaction
  throw new Error(`${writer.description} has announced a transaction of its own, and has none`)
}

/** So that a process that dies before its first chunk does not leave it to the next one what is to be read. */
async function commitStart(
  run: StepRun,
  { definition, reader }: ChunkSource,
  start: ChunkStart,
): Promise<void> {
  const { startsAt, committed } = reader
  if (startsAt === undefined || start.begunBySpring || start.from[READER_CHECKPOINT_KEY] !== undefined) return
  await commitContext(run, { [READER_CHECKPOINT_KEY]: sealCheckpoint(definition, startsAt) })
  committed?.(startsAt)
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

async function openReader(run: StepRun, step: ChunkStepDefinition, start: ChunkStart): Promise<ChunkSource> {
  const definition = step.reader(run.scope)
  const { logger, resources } = run.scope
  const from = start.begunBySpring
    ? checkpointFromSpring(run, definition, start.from)
    : unsealCheckpoint(run, definition, start.from, 'reader')
  const ending = new AbortController()
  const signal = AbortSignal.any([run.scope.signal, ending.signal])
  const reader = await definition.open({ from, acceptChanges: run.acceptChanges, signal, logger, resources })
  const supply = pageSupply({
    reader,
    limits: completionLimits(step),
    clock: run.clock,
    ending: AbortSignal.any([run.control.stop, run.scope.signal]),
  })
  const endReading = () => {
    if (supply.isReading()) ending.abort(new Error(`step ${run.stepName} has ended`))
  }
  return { definition, reader, supply, endReading }
}

function completionLimits({ options, bytesOf }: ChunkStepDefinition): CompletionLimits {
  const { maxBytes, maxMilliseconds } = options
  return { maxBytes, maxMilliseconds, bytesOf: bytesOf ?? estimateBytes }
}

async function openWriter(
  run: StepRun,
  writer: ItemWriter<unknown>,
  from: ExecutionContext,
): Promise<ChunkTarget> {
  const { signal, logger, resources, jobExecution, stepExecution } = run.scope
  const transactionId = writer.hasOwnTransaction === true ? await ownTransactionId(run) : undefined
  const sink = await writer.open({
    from: unsealCheckpoint(run, writer, from, 'writer'),
    jobName: jobExecution.jobInstance.jobName,
    jobExecutionId: jobExecution.id,
    stepName: run.stepName,
    stepExecutionId: stepExecution.id,
    ...(transactionId !== undefined && { transactionId }),
    signal,
    logger,
    resources,
  })
  const { ownTransaction } = sink
  return {
    writer,
    sink,
    commit:
      ownTransaction === undefined
        ? (chunk) => run.session.commit(chunk)
        : commitWithOwn(run, ownTransaction),
    isTransactional:
      ownTransaction === undefined && effectiveGuarantee(writer, run).guarantee === 'transactional',
    call: { begun: false, failed: false },
  }
}

function checkpointFromSpring(
  run: StepRun,
  reader: ItemReader<unknown>,
  context: ExecutionContext,
): Checkpoint {
  const checkpoint = reader.checkpointFromSpring?.(context)
  if (checkpoint !== undefined) return checkpoint
  throw new BatchError(
    'JOB_RESTART_REFUSED',
    `Step ${run.stepName} was begun by Spring Batch, and its reader (${reader.description}) does not understand what Spring's reader ` +
      `stored (${Object.keys(context).join(', ') || 'nothing'}). Finish it with Spring Batch, or start an instance with other parameters.`,
    { details: { stepName: run.stepName, reader: reader.kind, keys: Object.keys(context) } },
  )
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
