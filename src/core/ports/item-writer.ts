/** Where items go. A third-party writer is one file that fulfils this port. */
import type { Checkpoint, StoredCheckpoint } from '../model/json-value.ts'
import type { Logger } from './logger.ts'
import type { OwnTransaction } from './own-transaction.ts'
import type { ResourceKey, Resources, Transaction } from './resource.ts'

/**
 * What holds for an item when the process dies at the worst moment and the step is restarted.
 * `transactional`: it is written once, together with the chunk's counts and checkpoint.
 * `idempotent`: it may be written again, and that changes nothing.
 * `at-least-once`: it may be written again, and whoever reads it may see it twice.
 */
export type Guarantee = 'transactional' | 'idempotent' | 'at-least-once'

/** A writer is a definition, not a live thing: `open` makes the live one, once per step execution. */
export interface ItemWriter<T> {
  /** The kind in a word, as in `postgres`, `delimited`. */
  readonly kind: string
  /** Of the layout of its checkpoints: raise it when it changes, and migrate older ones, or they are refused. @default 1 */
  readonly checkpointVersion?: number
  /**
   * For a checkpoint of another version or another kind: the one of its own that stands for the same place, or undefined,
   * and it is refused by name.
   */
  readonly migrateCheckpoint?: (stored: StoredCheckpoint) => Checkpoint | undefined
  /** For people: `copy into table public.trade`. No secrets. */
  readonly description: string
  readonly guarantee: Guarantee
  /**
   * What the guarantee needs from the chunk's transaction. On a repository whose transaction has no such resource the
   * guarantee is `fallback` instead, and `explain` says so.
   */
  readonly needs?: { readonly resource: ResourceKey<unknown>; readonly fallback: Guarantee }
  /**
   * Of a writer that hands its items to other writers: the same with each of them replaced. So a dry run can try those that
   * write in the transaction, and leave the others unopened.
   */
  readonly mapDelegates?: (replace: (delegate: ItemWriter<unknown>) => ItemWriter<unknown>) => ItemWriter<T>
  /**
   * What appears as a whole when the step completes, by its name, such as the path of a file. Another run of the step replaces
   * it, so the step's items are not redriven, unless the writer publishes elsewhere then (see `StepScope.redrive`).
   */
  readonly publishes?: string
  /**
   * Set when its sinks have an `ownTransaction`: it is then opened before the reader, because it knows how far the step has come.
   * Other writers do not hand items to such a one.
   */
  readonly hasOwnTransaction?: true
  /** Leaves nothing open when it throws. */
  readonly open: (scope: WriterScope) => Promise<ItemSink<T>>
}

export interface WriterScope {
  /** The checkpoint of the last committed chunk; undefined on a first run, or when no chunk was committed. */
  readonly from: Checkpoint | undefined
  readonly jobName: string
  readonly jobExecutionId: string
  /** As it is recorded: `load`, or `load:part1` for a partition. */
  readonly stepName: string
  readonly stepExecutionId: string
  /**
   * Of a writer with a transaction of its own: stands for the step in its instance, over all its executions, and for nothing else
   * in any repository.
   */
  readonly transactionId?: string
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly resources: Resources
}

/**
 * Called in this order: `write`, `checkpoint`, then the commit (of the `ownTransaction` too), chunk after chunk; `complete` after the last commit of a
 * step that has read everything; `close` always, once. Calls never overlap.
 */
export interface ItemSink<T> {
  /**
   * Writes one chunk, or a part of one (at least one item). Settles only when every write has been acknowledged, or none is
   * under way any more.
   *
   * After a rejection the chunk's transaction is rolled back, and `rolledBack` is called before anything else; the same items
   * may then be written again. A transactional writer is told in parts which of them are at fault: after a first rejection
   * the chunk is written again in parts, each in a savepoint of one transaction, and a part that is rejected is undone alone
   * (see `savepoint`). Any other writer throws `itemsFailed` to say which items are not written; then the others are.
   */
  readonly write: (items: readonly T[], transaction: Transaction) => Promise<void>
  /**
   * Set when `write` has put all its statements on the transaction's connection, in order, before it returns its
   * promise, and throws before the first of them if it throws at all. The engine then sends the rest of the transaction
   * right behind, in the same round trip.
   */
  readonly pipelined?: true
  /**
   * Does beforehand what `write` needs no transaction for, such as encoding, and answers the rest of that write, which is then
   * called in its place. Called once for each chunk, in their order, while the chunk before may still be written, so
   * that the two overlap; and again for a chunk, or a part of it, that is written again. What it throws is the failure of
   * that write.
   */
  readonly prepare?: (items: readonly T[]) => (transaction: Transaction) => Promise<void>
  /** Where the writer stands after the last `write`; committed with that chunk, handed to `open` after a restart. */
  readonly checkpoint?: () => Checkpoint
  /**
   * The chunk for which `write` was called last was rolled back: undo what the transaction does not undo, back to the last
   * checkpoint. Never called for a chunk without a `write`, so that the first `write` of a chunk tells that the chunk before
   * is committed.
   */
  readonly rolledBack?: () => Promise<void>
  /**
   * Remembers where the writer stands, and answers what takes it back there: called before each part of a chunk that is
   * written in a savepoint, and its answer when that savepoint was rolled back. Needed only for what the transaction does
   * not undo: a writer that has `rolledBack` and not this is never written in parts.
   */
  readonly savepoint?: () => () => Promise<void>
  /**
   * Of a writer that writes in a transaction elsewhere than in the repository, which keeps the step's progress too, so that each
   * item is written once all the same. `write` then writes into the open transaction, and `rolledBack`, which such a sink has, aborts
   * it; that follows `itemsFailed` too, and then the items that it does not name are written again.
   */
  readonly ownTransaction?: OwnTransaction
  /**
   * Publishes what was written: footer, final name. May be called again after a restart if the process died right after
   * it; the step is recorded as COMPLETED only when it has settled.
   */
  readonly complete?: (summary: WriteSummary) => Promise<void>
  readonly close: () => Promise<void>
}

export interface WriteSummary {
  /** Items written by this step over all its executions of this instance. */
  readonly writeCount: number
}
