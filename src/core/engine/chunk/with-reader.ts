/** The reader of a step: opened where the last execution stopped, and closed whatever becomes of the step. */
import type { ChunkStepDefinition } from '../../definition/step-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import { type ExecutionContext, READER_CHECKPOINT_KEY } from '../../model/execution-context.ts'
import type { Checkpoint } from '../../model/json-value.ts'
import type { ItemReader } from '../../ports/item-reader.ts'
import { attempt } from '../first-error.ts'
import type { StepOutcome, StepRun } from '../step-run.ts'
import { sealCheckpoint, unsealCheckpoint } from './checkpoint-seal.ts'
import type { ChunkSource } from './chunk-loop.ts'
import { commitContext } from './commit-context.ts'
import { estimateBytes } from './item-bytes.ts'
import { type CompletionLimits, pageSupply } from './page-supply.ts'

export interface ChunkStart {
  /** The context of the step's last execution; empty on a first run. */
  readonly from: ExecutionContext
  readonly begunBySpring: boolean
}

export async function withReader(
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
