/** One chunk-oriented step execution: opens reader and writer where the last one stopped, loops, publishes, closes. */
import type { ChunkStepDefinition } from '../../definition/step-definition.ts'
import { isPositiveInteger } from '../../definition/check-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import { type ExecutionContext, WRITER_CHECKPOINT_KEY } from '../../model/execution-context.ts'
import type { Checkpoint } from '../../model/json-value.ts'
import { addCounts } from '../../model/step-execution.ts'
import type { ItemReader } from '../../ports/item-reader.ts'
import type { ItemWriter } from '../../ports/item-writer.ts'
import { effectiveGuarantee } from '../effective-guarantee.ts'
import { attempt, firstError, settle, unsettle } from '../first-error.ts'
import type { StepOutcome, StepRun } from '../step-run.ts'
import { type ChunkLoop, type ChunkSource, runChunkLoop } from './chunk-loop.ts'
import { sealCheckpoint, unsealCheckpoint } from './checkpoint-seal.ts'
import { reconcile } from './reconcile.ts'
import type { ChunkTarget } from './commit-chunk.ts'
import { estimateBytes } from './item-bytes.ts'
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
  const source = await openReader(run, definition, start)
  try {
    const target = await openWriter(run, definition.writer(run.scope), start.from)
    const outcome = await settle(() => loopAndPublish({ run, definition, size, source, target }))
    const closed = await settle(() => target.sink.close())
    return unsettle(firstError(outcome, closed, run.scope.logger))
  } finally {
    source.endReading()
    await attempt(`closing the reader of step ${run.stepName}`, run.scope.logger, () => source.reader.close())
  }
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
  const { ledger, session } = run
  const before = ledger.context()
  if (!sink.complete || !sink.checkpoint || before[WRITER_CHECKPOINT_KEY] !== undefined) return
  const context = { ...before, [WRITER_CHECKPOINT_KEY]: sealCheckpoint(writer, sink.checkpoint()) }
  const contribution = { commitCount: 1 }
  const counts = addCounts(ledger.counts(), contribution)
  const progress = () => ({ counts, executionContext: context })
  await session.commit({ pipelined: false, work: async () => {}, progress })
  ledger.committed(contribution, { step: context, job: ledger.jobContext() })
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
  const sink = await writer.open({
    from: unsealCheckpoint(run, writer, from, 'writer'),
    jobExecutionId: jobExecution.id,
    stepExecutionId: stepExecution.id,
    signal,
    logger,
    resources,
  })
  const isTransactional = effectiveGuarantee(writer, run).guarantee === 'transactional'
  return { writer, sink, isTransactional, call: { begun: false, failed: false } }
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
