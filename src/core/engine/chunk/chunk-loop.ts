/** Read, process, write, commit: the loop of a chunk-oriented step. */
import type { ChunkStepDefinition } from '../../definition/step-definition.ts'
import type { ItemReader, OpenedReader } from '../../ports/item-reader.ts'
import type { ItemSink } from '../../ports/item-writer.ts'
import { settle } from '../first-error.ts'
import { heedStopRequest } from '../run-control.ts'
import { committedExecution, type StepOutcome, type StepRun } from '../step-run.ts'
import { type Breather, createBreather } from './breather.ts'
import { callChunkListeners } from './chunk-listeners.ts'
import { sealCheckpoint } from './checkpoint-seal.ts'
import { checkpointAfterLast, type FilledChunk } from './filled-chunk.ts'
import { foldItemHooks, type ItemHooks } from './item-hooks.ts'
import type { PageSupply } from './page-supply.ts'
import { processItems } from './process-items.ts'
import { readItems } from './read-items.ts'
import { type ChunkTarget, writeChunk } from './write-chunk.ts'

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

/**
 * While chunk N is written, chunk N+1 is read and processed; never more than these two are in memory, and commits stay
 * in order. What goes wrong with N+1 is thrown after N has been committed. After a stop request the chunk at hand is
 * still committed; when it was the last one, the step is complete.
 */
export async function runChunkLoop(loop: ChunkLoop): Promise<StepOutcome> {
  const hooks = foldItemHooks(loop.definition.listeners, loop.run.scope.logger)
  const breathe = createBreather()
  let writing: Promise<void> = Promise.resolve()
  for (;;) {
    const filled = await settle(() => fillChunk(loop, hooks, breathe))
    await writing
    if ('error' in filled) throw filled.error
    writing = writeAndReport(loop, hooks, filled.value)
    writing.catch(loop.run.giveUp) // it is awaited after the next chunk was filled, and a read that waits is not waited for
    const { last } = filled.value
    if (last || loop.run.control.stop.aborted || loop.definition.options.overlap === false) await writing
    loop.run.control.abort.throwIfAborted()
    if (last) return 'completed'
    if (loop.run.control.stop.aborted) return 'stopped'
    await breathe()
  }
}

async function fillChunk(loop: ChunkLoop, hooks: ItemHooks, breathe: Breather): Promise<FilledChunk> {
  const { stepName, scope, control } = loop.run
  const { processor, options } = loop.definition
  const { supply } = loop.source
  const { signal } = scope
  const read = await readItems({
    stepName,
    supply,
    size: loop.size,
    hooks,
    stop: control.stop,
    signal,
    breathe,
  })
  const concurrency = options.concurrency ?? 1
  const outputs = await processItems({ stepName, processor, concurrency, scope, hooks, breathe }, read)
  const checkpoint = checkpointAfterLast(read.pages)
  return {
    ...read,
    outputs,
    write: prepareWrite(loop.target.sink, outputs),
    checkpoint: checkpoint === undefined ? undefined : sealCheckpoint(loop.source.definition, checkpoint),
    stepContext: scope.stepContext.values(),
    jobContext: scope.jobContext.values(),
  }
}

function prepareWrite(sink: ItemSink<unknown>, outputs: readonly unknown[]): FilledChunk['write'] {
  if (sink.prepare === undefined || outputs.length === 0)
    return (transaction) => sink.write(outputs, transaction)
  try {
    return sink.prepare(outputs)
  } catch (error) {
    return () => Promise.reject(error) // it is this chunk's failure, and the chunk before comes first
  }
}

/** A chunk without items, at the end of the data, is not worth a transaction. */
async function writeAndReport(loop: ChunkLoop, hooks: ItemHooks, chunk: FilledChunk): Promise<void> {
  if (chunk.items.length === 0) return
  const { run, definition, source, target } = loop
  const listened = definition.listeners.length > 0
  if (listened) await callChunkListeners(run, definition.listeners, 'beforeChunk', chunk)
  const written = await settle(() => writeChunk(run, target, hooks, chunk))
  if ('error' in written) {
    await callChunkListeners(run, definition.listeners, 'onChunkError', chunk, written.error)
    throw written.error
  }
  heedStopRequest(run.control, written.value.jobStatus)
  const { stepProgressed } = run.observer
  if (stepProgressed !== undefined)
    stepProgressed(committedExecution(run.session, run.ledger), source.reader.progress?.())
  if (listened) await callChunkListeners(run, definition.listeners, 'afterChunk', chunk)
}
