/** Where items come from. A third-party reader is one file that fulfils this port. */
import type { ExecutionContext } from '../model/execution-context.ts'
import type { Checkpoint, StoredCheckpoint } from '../model/json-value.ts'
import type { Logger } from './logger.ts'
import type { Resources } from './resource.ts'

/**
 * A reader is a definition, not a live thing: `open` makes the live one, once per step execution. Use a new one or
 * the same one for many executions; it holds no state.
 *
 * Promise to keep: the items, and their order, are the same whenever the same input is read; opening from the
 * checkpoint after item n gives item n+1 first. Where parts of a source are read side by side, as the partitions of a log are, that
 * holds for each part; the checkpoint says of all of them where they stand.
 */
export interface ItemReader<T> {
  /** The kind in a word, as in `delimited`, `postgres`: part of explanations and of the restart guard. */
  readonly kind: string
  /** Of the layout of its checkpoints: raise it when it changes, and migrate older ones, or they are refused. @default 1 */
  readonly checkpointVersion?: number
  /**
   * For a checkpoint of another version or another kind: the one of its own that stands for the same place, or undefined,
   * and it is refused by name.
   */
  readonly migrateCheckpoint?: (stored: StoredCheckpoint) => Checkpoint | undefined
  /** For people: `delimited file trades.csv`. No secrets. */
  readonly description: string
  /**
   * Opens at the beginning, or after `scope.from`. Opens nothing that `close` of the result does not close, and leaves
   * nothing open when it throws.
   * @throws BatchError CHECKPOINT_REFUSED when it cannot resume from `scope.from`; INPUT_CHANGED when the input is not the one
   * any more that the checkpoint stands in.
   */
  readonly open: (scope: ReaderScope) => Promise<OpenedReader<T>>
  /**
   * For the redrive of records that could not be read: makes an item of such a record, as `read` would. A reader without it
   * leaves them in the quarantine.
   */
  readonly openParser?: (scope: ParserScope) => Promise<RecordParser<T>>
  /**
   * For steps that Spring Batch began: the checkpoint that stands for what Spring's reader stored in the step context,
   * or undefined when its keys are not there. A reader without it refuses to resume such a step.
   */
  readonly checkpointFromSpring?: (context: ExecutionContext) => Checkpoint | undefined
}

export interface ReaderScope {
  /** The checkpoint of the last committed chunk; undefined on a first run. */
  readonly from: Checkpoint | undefined
  /** Set when the operator has said that a changed input is no reason to refuse to resume. @default false */
  readonly acceptChanges?: boolean
  /** Aborted when the step is to end now: pending reads should reject, and `close` is called next. */
  readonly signal: AbortSignal
  readonly logger: Logger
  /** What the job repository lends, such as its pool. */
  readonly resources: Resources
}

export type ParserScope = Omit<ReaderScope, 'from'>

export interface RecordParser<T> {
  /** One record, as a fault had it in `raw`: its item, or what is still wrong with it. */
  readonly parse: (raw: string, position: Position) => Promise<ParsedRecord<T>>
  /** Called once. */
  readonly close: () => Promise<void>
}

export type ParsedRecord<T> = { readonly item: T } | { readonly error: Error }

export interface OpenedReader<T> {
  /**
   * The next items, at most `limit` (≥ 1), in order; undefined at the end, and only there. A page may be empty where
   * nothing has arrived yet. Never called again before it has settled, nor after undefined, nor after a rejection unless
   * the reader is `repeatable`.
   */
  readonly read: (limit: number) => Promise<Page<T> | undefined>
  /**
   * Set when `read` may be called again after a rejection, and then goes on behind the last page it has handed over, losing
   * and repeating nothing. Without it a rejected read is never retried: a reader that has moved on would lose a record.
   */
  readonly repeatable?: true
  /**
   * Of a reader that settles when it is opened what it will read, such as up to where a log: committed before the first read of a
   * step that begins anew, so that every restart reads just that.
   */
  readonly startsAt?: Checkpoint
  /** Told after each chunk's commit where the step stands now. Begins at most what `close` ends; never throws. */
  readonly committed?: (checkpoint: Checkpoint) => void
  /** How far it has read, for progress and estimates. Called often; must be cheap. */
  readonly progress?: () => ReadProgress
  /** Called once, whatever happened before, also while a read is pending after an abort. */
  readonly close: () => Promise<void>
}

export interface Page<T> {
  /** `null` and `undefined` are items like any other. */
  readonly items: readonly T[]
  /** Where to resume so that `items[index + 1]` comes first. Valid as long as the page is held, also after further reads. */
  readonly checkpointAfter: (index: number) => Checkpoint
  /** Where `items[index]` stands in the source, for messages and the quarantine. Valid as long as the page is held. */
  readonly positionOf: (index: number) => Position
  /** A record after the last of `items` that could not be made into an item. The next `read` goes on behind it. */
  readonly fault?: ReadFault
}

export interface ReadFault {
  /** Names the source, the position and the reason. */
  readonly error: Error
  /** The record as it stands in the source. */
  readonly raw: string
  /** Set where `raw` is not all of it, such as bytes that mean nothing as text: then it cannot be redriven. */
  readonly isLossy?: true
  readonly position: Position
  /** Where to resume so that the record is left out. */
  readonly checkpointAfter: Checkpoint
}

/** `{ file: 'trades.csv', line: 812 }`, `{ topic: 'trades', partition: 3, offset: 99n }` */
export type Position = Readonly<Record<string, string | number | bigint>>

export interface ReadProgress {
  readonly done: number
  /** Undefined where the end cannot be known. */
  readonly total?: number
  readonly unit: 'bytes' | 'items' | 'offsets' | 'partitions'
}

/** `trades.csv line 812` for files, `topic trades, partition 3, offset 99` for the rest. */
export function describePosition(position: Position): string {
  const { file, line } = position
  if (file !== undefined && line !== undefined) return `${file} line ${line}`
  return Object.entries(position)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
}
