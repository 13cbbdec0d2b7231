/** Read, process, write, commit: the loop of a chunk-oriented step. */
import type { ChunkStepDefinition } from '../../definition/step-definition.ts'
import type { ItemReader, OpenedReader, ReadProgress } from '../../ports/item-reader.ts'
import { settle, unsettle } from '../first-error.ts'
import { heedStopRequest } from '../run-control.ts'
import { committedExecution, type StepOutcome, type StepRun } from '../step-run.ts'
import { type Breather, createBreather } from './breather.ts'
import { callChunkListeners } from './chunk-listeners.ts'
import { sealCheckpoint, storedCheckpoint } from './checkpoint-seal.ts'
import { type ChunkWatch, watchChunk } from './chunk-watch.ts'
import { type ChunkTarget, contributionOf } from './commit-chunk.ts'
import { createFaults, type Faults, StoppedWhileWaiting } from './faults.ts'
import { checkpointAfterLast, type FilledChunk } from './filled-chunk.ts'
import { foldItemHooks, type ItemHooks } from './item-hooks.ts'
import type { PageSupply } from './page-supply.ts'
import { prepareWrite } from './prepare-write.ts'
import { type ItemsProcessed, processItems } from './process-items.ts'
import { type ItemsRead, readItems } from './read-items.ts'
import { reportSkips, type Skip } from './skip.ts'
import { skipsAllowed, skipsSoFar } from './skip-limit.ts'
import { judgeShareAtEnd } from './skip-room.ts'
import { writeChunk } from './write-chunk.ts'

export interface ChunkLoop {
  readonly run: StepRun
  readonly definition: ChunkStepDefinition
  readonly size: number
  readonly source: ChunkSource
  readonly target: ChunkTarget
}

/** An opened reader, and the definition that it was opened from. */
export interface ChunkSource {
  readonly definition: ItemReader<unknown>
  readonly reader: OpenedReader<unknown>
  readonly supply: PageSupply
  /** Aborts a read that is under way although the step has ended, as when it was stopped while a page was late. */
  readonly endReading: () => void
}

/** What a loop uses for all its chunks. */
interface LoopParts extends ChunkLoop {
  readonly hooks: ItemHooks
  readonly faults: Faults
  readonly breathe: Breather
  readonly readProgress: () => ReadProgress | undefined
  /** Records that were read so far over all executions, those of chunks included that are not committed yet. */
  recordsRead: number
}

/**
 * While chunk N is written, chunk N+1 is read and processed; never more than these two are in memory, and commits stay
 * in order. What goes wrong with N+1 is thrown after N has been committed. After a stop request the chunk at hand is
 * still committed, unless it waits to be tried again; when it was the last one, the step is complete.
 * @throws BatchError SKIP_LIMIT_EXCEEDED also at the end, when the share of all records is known
 */
export async function runChunkLoop(loop: ChunkLoop): Promise<StepOutcome> {
  const hooks = foldItemHooks(loop.definition.listeners, loop.run.scope.logger)
  const faults = createFaults(loop.run, loop.definition.options, hooks)
  const recordsRead = skipsSoFar(loop.run).reads
  const readProgress = () => loop.source.reader.progress?.()
  const parts = { ...loop, hooks, faults, breathe: createBreather(), readProgress, recordsRead }
  try {
    const outcome = await moveItems(parts)
    if (outcome === 'completed') judgeShareAtEnd(loop.run, faults)
    return outcome
  } catch (error) {
    if (error instanceof StoppedWhileWaiting) return 'stopped'
    throw error
  } finally {
    loop.run.samples.readUpTo(readProgress)
  }
}

async function moveItems(loop: LoopParts): Promise<StepOutcome> {
  let writing: Promise<void> = Promise.resolve()
  for (;;) {
    const { chunk, watch } = await nextChunk(loop, writing)
    writing = writeWatched(loop, chunk, watch)
    writing.catch(loop.run.giveUp) // it is awaited after the next chunk was filled, and a read that waits is not waited for
    const { last } = chunk
    if (last || loop.run.control.stop.aborted || loop.definition.options.overlap === false) await writing
    loop.run.control.abort.throwIfAborted()
    if (last) return 'completed'
    if (loop.run.control.stop.aborted) return 'stopped'
    await loop.breathe()
  }
}

/** Filled while the chunk before it is written, and handed over when that is committed. */
async function nextChunk(
  loop: LoopParts,
  writing: Promise<void>,
): Promise<{ readonly chunk: FilledChunk; readonly watch: ChunkWatch }> {
  const watch = watchChunk(loop.run)
  const filled = await settle(() => watch.within(() => fillChunk(loop, watch)))
  try {
    await writing
    return { chunk: unsettle(filled), watch }
  } catch (error) {
    if ('error' in filled) watch.failed(filled.error)
    watch.end()
    throw error
  }
}

async function writeWatched(loop: LoopParts, chunk: FilledChunk, watch: ChunkWatch): Promise<void> {
  try {
    await watch.within(() => writeAndReport(loop, chunk, watch))
  } catch (error) {
    watch.failed(error)
    throw error
  } finally {
    watch.end()
  }
}

async function fillChunk(loop: LoopParts, watch: ChunkWatch): Promise<FilledChunk> {
  const { run, hooks, breathe } = loop
  const faults = watch.counting(loop.faults)
  const { stepName, scope, control } = run
  const { processor, options } = loop.definition
  const { supply, reader } = loop.source
  const repeatable = reader.repeatable === true
  const { signal } = scope
  const { stop } = control
  const read = await readItems({
    stepName,
    supply,
    repeatable,
    size: loop.size,
    hooks,
    faults,
    stop,
    signal,
    breathe,
  })
  loop.recordsRead += read.items.length + read.skips.length
  const concurrency = options.concurrency ?? 1
  const isTooMany = (skips: number): boolean =>
    skipsSoFar(run).skips + skips > skipsAllowed(faults.limit, loop.recordsRead)
  const processed = await processItems(
    { stepName, processor, concurrency, scope, hooks, faults, breathe, isTooMany },
    read,
  )
  return filledChunk(loop, read, processed)
}

function filledChunk(
  { run, source, target }: LoopParts,
  read: ItemsRead,
  processed: ItemsProcessed,
): FilledChunk {
  const { items, pages, last } = read
  const { outputs, itemOf } = processed
  const checkpoint = checkpointAfterLast(pages)
  return {
    items,
    pages,
    last,
    outputs,
    itemOf,
    skips: inSourceOrder(read, processed),
    readSkips: read.skips.length,
    write: prepareWrite(target, outputs),
    checkpoint: checkpoint === undefined ? undefined : sealCheckpoint(source.definition, checkpoint),
    stepContext: run.scope.stepContext.values(),
    jobContext: run.scope.jobContext.values(),
  }
}

const NO_SKIPS: readonly Skip[] = []

function inSourceOrder(read: ItemsRead, processed: ItemsProcessed): readonly Skip[] {
  if (read.skips.length + processed.skips.length === 0) return NO_SKIPS
  const places = [
    ...read.skips.map((skip) => ({ skip, place: skip.before - 0.5 })),
    ...processed.skips.map((skip) => ({ skip, place: skip.index })),
  ]
  return places.toSorted((one, other) => one.place - other.place).map(({ skip }) => skip)
}

/** A chunk without items or skipped records, at the end of the data, is not worth a transaction. */
async function writeAndReport(loop: LoopParts, chunk: FilledChunk, watch: ChunkWatch): Promise<void> {
  if (chunk.items.length + chunk.readSkips === 0) return
  const { run, definition, source, target, hooks, readProgress } = loop
  const faults = watch.counting(loop.faults)
  const listened = definition.listeners.length > 0
  if (listened) await callChunkListeners(run, definition.listeners, 'beforeChunk', chunk)
  const writing = await settle(() => writeChunk({ run, target, hooks, faults, readProgress }, chunk))
  if ('error' in writing) {
    await callChunkListeners(run, definition.listeners, 'onChunkError', chunk, writing.error)
    throw writing.error
  }
  const { answer, written, skips } = writing.value
  watch.committed(contributionOf(chunk, writing.value))
  tellReader(source, chunk)
  reportSkips([...chunk.skips, ...skips], hooks, run.scope.logger)
  heedStopRequest(run.control, answer.jobStatus)
  tellObserver(loop, watch)
  const { items } = chunk
  if (listened) await callChunkListeners(run, definition.listeners, 'afterChunk', { items, outputs: written })
}

function tellObserver({ run, readProgress }: LoopParts, watch: ChunkWatch): void {
  const { stepProgressed, chunkCommitted } = run.observer
  if (stepProgressed === undefined && chunkCommitted === undefined) return
  const execution = committedExecution(run.session, run.ledger)
  stepProgressed?.(execution, readProgress())
  chunkCommitted?.(execution, { milliseconds: watch.milliseconds() })
}

function tellReader({ reader }: ChunkSource, { checkpoint }: FilledChunk): void {
  if (reader.committed === undefined || checkpoint === undefined) return
  reader.committed(storedCheckpoint(checkpoint).at)
}
