/**
 * Callbacks around jobs, steps, chunks and items. An error in a `before…`, in `afterRead`, `afterProcess` or `afterStep` fails
 * the step; an error in any other, which come when the thing is done or has failed already, is logged. None of them ever
 * hides an earlier error.
 */
import type { ExitStatus } from '../model/exit-status.ts'
import type { Filtered } from '../model/filtered.ts'
import type { JobExecution } from '../model/job-execution.ts'
import type { FaultPhase } from '../model/quarantined-item.ts'
import type { StepExecution } from '../model/step-execution.ts'
import type { Position } from './item-reader.ts'
import type { Logger } from './logger.ts'

export interface ListenerScope {
  readonly signal: AbortSignal
  readonly logger: Logger
}

type Answer = void | Promise<void>

export interface JobListener {
  /** After the execution is STARTED, before its first step. An error fails the execution. */
  readonly beforeJob?: (execution: JobExecution, scope: ListenerScope) => Answer
  /** After the end is decided and before it is written, whatever the end. An error is logged. */
  readonly afterJob?: (execution: JobExecution, scope: ListenerScope) => Answer
}

/** `C` are the exit codes of its own that it may answer. */
export interface StepListener<C extends string = string> {
  readonly beforeStep?: (execution: StepExecution, scope: ListenerScope) => Answer
  /** May answer an exit status of its own, which is combined with the step's. */
  readonly afterStep?: (
    execution: StepExecution,
    scope: ListenerScope,
  ) => ExitStatus<C> | undefined | void | Promise<ExitStatus<C> | undefined | void>
}

export interface ChunkListener<I, O> {
  /** After the chunk was read and processed, before its transaction. */
  readonly beforeChunk?: (chunk: ChunkView<I, O>, scope: ListenerScope) => Answer
  /** After the commit. */
  readonly afterChunk?: (chunk: ChunkView<I, O>, scope: ListenerScope) => Answer
  /** After the rollback. */
  readonly onChunkError?: (error: unknown, chunk: ChunkView<I, O>, scope: ListenerScope) => Answer
}

export interface ChunkView<I, O> {
  readonly items: readonly I[]
  readonly outputs: readonly O[]
}

/** Called once per item, so they cost: leave out those you do not need. They are synchronous on purpose. */
export interface ItemListener<I, O> {
  /** Before each page is asked for: pages are read, where Spring reads single items. */
  readonly beforeRead?: () => void
  readonly afterRead?: (item: I) => void
  /** Of a record that is skipped too: see {@link SkipListener}. */
  readonly onReadError?: (error: unknown) => void
  readonly beforeProcess?: (item: I) => void
  /** `output` is FILTERED when the item was filtered. */
  readonly afterProcess?: (item: I, output: O | Filtered) => void
  /** Of each attempt. */
  readonly onProcessError?: (error: unknown, item: I) => void
  /** Before each attempt at a chunk, in its transaction. */
  readonly beforeWrite?: (outputs: readonly O[]) => void
  /** After the commit, with what was written of the chunk. */
  readonly afterWrite?: (outputs: readonly O[]) => void
  /** After each rollback of a chunk. */
  readonly onWriteError?: (error: unknown, outputs: readonly O[]) => void
}

/**
 * Called once the chunk that skips the item is committed, so never for a skip that was rolled back, and what a listener
 * writes is not lost with the failed item. After a crash right behind that commit it is not called again: what must not be
 * missed is in the quarantine. Synchronous, as the item listeners.
 */
export interface SkipListener<I, O> {
  /** `raw` is the record as it stands in the source. */
  readonly onSkipInRead?: (error: unknown, raw: string, position: Position) => void
  readonly onSkipInProcess?: (error: unknown, item: I, position: Position) => void
  readonly onSkipInWrite?: (error: unknown, output: O, position: Position) => void
}

/** An error is logged: it must not put another in the place of the one that is retried. */
export interface RetryListener {
  /** Before the wait: `error` has failed an attempt, and another will be made. */
  readonly onRetry?: (retry: Retry) => void
  /** All attempts are used up; items are skipped, or the step fails. Once for the write of a chunk, with all its parts. */
  readonly onRetriesExhausted?: (retry: Retry) => void
}

export interface Retry {
  readonly phase: FaultPhase
  readonly error: unknown
  /** The one that failed, from 1 on. */
  readonly attempt: number
  /** In total. */
  readonly attempts: number
  /** Until the next attempt. */
  readonly delayMilliseconds: number
  /** In words: `trades.csv line 812`; for a write, where the chunk begins. */
  readonly place: string
}
