/** One chunk-oriented step, run by the engine as ever, with everything watched and nothing kept. */
import type { ChunkStepDefinition, ChunkStepListener } from '../../definition/step-definition.ts'
import type { JobRun } from '../../engine/job-run.ts'
import { runStep } from '../../engine/step-runner.ts'
import { isBatchError } from '../../model/batch-error.ts'
import { thrownText } from '../../model/error-description.ts'
import { FILTERED } from '../../model/filtered.ts'
import type { StepExecution } from '../../model/step-execution.ts'
import type { ReadProgress } from '../../ports/item-reader.ts'
import type { Estimate, RehearsedStep, RehearsedWrite } from './dry-run-report.ts'
import { createFailureCollector, type FailureCollector } from './failure-classes.ts'
import { createShapeCollector, type ShapeCollector } from './item-shape.ts'
import { rehearsedWriter } from './rehearsed-writer.ts'
import { sampledReader } from './sampled-reader.ts'

/** So many failures of a step are looked at; then it is not worth going on. */
const MOST_FAILURES = 1_000

/** What is seen of a step while it runs. */
interface Watched {
  readonly items: ShapeCollector
  readonly outputs: ShapeCollector
  readonly failures: FailureCollector
  readonly writes: RehearsedWrite[]
  filtered: number
  reader: string
  writer: string
  /** Of the reader when it was opened: what a file begins with is not repeated. */
  begun: number
  progress: () => ReadProgress | undefined
  sampleEnded: boolean
  firstReadAt: number | undefined
}

/** A step that fails is a report too. `sample` may be Infinity. */
export async function rehearseStep(
  run: JobRun,
  name: string,
  step: ChunkStepDefinition,
  sample: number,
): Promise<RehearsedStep> {
  const watched: Watched = {
    items: createShapeCollector(),
    outputs: createShapeCollector(),
    failures: createFailureCollector(),
    writes: [],
    filtered: 0,
    reader: '',
    writer: '',
    begun: 0,
    progress: () => undefined,
    sampleEnded: false,
    firstReadAt: undefined,
  }
  const { execution, error } = await runStep(run, name, watchedStep(run, step, sample, watched))
  const milliseconds = run.clock.monotonic() - (watched.firstReadAt ?? run.clock.monotonic())
  return reportOf(name, step, watched, { execution, error, milliseconds })
}

/** The step as it is, but that its reader ends with the sample, its writer keeps nothing, and no failure ends it early. */
function watchedStep(
  run: JobRun,
  step: ChunkStepDefinition,
  sample: number,
  watched: Watched,
): ChunkStepDefinition {
  return {
    ...step,
    options: { ...step.options, skip: { on: () => true, limit: MOST_FAILURES } },
    listeners: [...step.listeners, watchingListener(step, watched)],
    reader: (scope) => {
      const reader = step.reader(scope)
      watched.reader = reader.description
      return sampledReader(reader, sample, {
        reading: () => (watched.firstReadAt ??= run.clock.monotonic()),
        opened: (progress) => {
          watched.begun = progress()?.done ?? 0
          watched.progress = progress
        },
        sampleEnded: () => (watched.sampleEnded = true),
      })
    },
    writer: (scope) => {
      const writer = step.writer(scope)
      watched.writer = writer.description
      return rehearsedWriter(writer, run.repository, (write) => watched.writes.push(write))
    },
  }
}

function watchingListener(
  { processor }: ChunkStepDefinition,
  watched: Watched,
): ChunkStepListener<unknown, unknown> {
  const { items, outputs, failures } = watched
  return {
    afterRead: (item) => {
      items.add(item)
      if (processor === undefined) outputs.add(item)
    },
    afterProcess: (_, output) => {
      if (output === FILTERED) watched.filtered += 1
      else outputs.add(output)
    },
    onSkipInRead: (error, _, position) => failures.add('read', error, position),
    onSkipInProcess: (error, _, position) => failures.add('process', error, position),
    onSkipInWrite: (error, _, position) => failures.add('write', error, position),
  }
}

interface Ended {
  readonly execution: StepExecution
  readonly error: unknown
  readonly milliseconds: number
}

function reportOf(name: string, step: ChunkStepDefinition, watched: Watched, ended: Ended): RehearsedStep {
  const { failures, items, outputs, writes, filtered: filterCount } = watched
  const failed = ended.error !== undefined
  const failedCount = failures.count()
  const [itemShape, outputShape] = [items.shape(), outputs.shape()]
  const readCount = itemShape.count
  return {
    kind: 'chunk',
    name,
    reader: watched.reader,
    writer: watched.writer,
    ended: failed ? 'failed' : endedHow(ended.execution, watched),
    failure: failed ? failureText(ended.error) : null,
    readCount,
    processedCount: outputShape.count,
    filterCount,
    failedCount,
    writes,
    notes: notesOf(step, watched, ended),
    failures: failures.classes(),
    items: itemShape,
    outputs: outputShape,
    milliseconds: ended.milliseconds,
    itemsPerSecond: ended.milliseconds > 0 ? (readCount / ended.milliseconds) * 1000 : 0,
    estimate: failed ? null : estimateOf(watched, ended, readCount, failedCount),
  }
}

/** The limit is the dry run's, not the job's. */
function failureText(error: unknown): string {
  return isBatchError(error, 'SKIP_LIMIT_EXCEEDED')
    ? `more than ${MOST_FAILURES} failures, so it was given up`
    : thrownText(error)
}

function endedHow({ status }: StepExecution, { sampleEnded }: Watched): RehearsedStep['ended'] {
  if (status === 'STOPPED') return 'stopped'
  return sampleEnded ? 'sampled' : 'complete'
}

/** By the part of the input that was read, which the reader tells in bytes or in items. */
function estimateOf(
  watched: Watched,
  { milliseconds }: Ended,
  readCount: number,
  failedCount: number,
): Estimate | null {
  const progress = watched.progress()
  const failedShare = failedCount / Math.max(readCount, failedCount, 1)
  if (progress?.total === undefined || progress.done <= watched.begun) return null
  const factor = Math.max((progress.total - watched.begun) / (progress.done - watched.begun), 1)
  const items =
    progress.unit === 'items' ? Math.max(progress.total, readCount) : Math.round(readCount * factor)
  return { items, milliseconds: milliseconds * factor, failedShare }
}

function notesOf(
  { processor }: ChunkStepDefinition,
  { writes }: Watched,
  { error }: Ended,
): readonly string[] {
  const notes: string[] = []
  const unopened = writes.filter(({ what }) => what === 'not opened').length
  if (unopened > 0) notes.push('what cannot be rolled back was not opened; its outputs are described below')
  if (error !== undefined) notes.push('the figures go as far as it came')
  if (processor === undefined) notes.push('it has no processor: the items are written as they are')
  return notes
}
