/** An item that was skipped: what it was, where it stood, in which phase it failed, and why. */
import type { BatchStatus } from './batch-status.ts'

/** In which the item failed; a redrive begins with this phase. */
export const FAULT_PHASES = ['read', 'process', 'write'] as const
export type FaultPhase = (typeof FAULT_PHASES)[number]

export interface QuarantinedItem {
  readonly phase: FaultPhase
  readonly payload: QuarantinedPayload
  /** Where it stood in its source: `{ file: 'trades.csv', line: 812 }`. */
  readonly position: Readonly<Record<string, string | number | bigint>>
  readonly error: QuarantinedError
  /** The id of the entry that it was before, where a redrive has failed again. @default none */
  readonly former?: string
}

/**
 * `item`: what the failed phase was given, as text that `decodeItem` makes into the same item again: the item read for
 * `process`, the output for `write`. `quarantinePayload` makes it.
 * `raw`: the record as it stands in the source, for `read`.
 * `cut`: the beginning of one that is too large, or that cannot be kept faithfully; it is not redrivable, and says why.
 */
export type QuarantinedPayload =
  | { readonly kind: 'item'; readonly json: string }
  | { readonly kind: 'raw'; readonly text: string }
  | { readonly kind: 'cut'; readonly text: string; readonly reason: string }

export interface QuarantinedError {
  /** `ZodError`, or the code where it has one: `23505`. */
  readonly type: string
  readonly message: string
}

/** A quarantined item as it is recorded. */
export interface QuarantineEntry extends Omit<QuarantinedItem, 'former'> {
  /** Goes up with time: the newest has the greatest. */
  readonly id: string
  readonly jobName: string
  readonly jobInstanceId: string
  readonly jobExecutionId: string
  readonly stepName: string
  readonly stepExecutionId: string
  readonly quarantinedAt: Date
  readonly former: string | null
  readonly redrive: EntryRedrive | null
}

/** The batch that an entry was taken into last. */
export interface EntryRedrive {
  readonly batchId: string
  /**
   * `held`: its redrive has not come to it yet, and still may. `given-back`: its redrive has ended for good without it.
   * `done`: it was redriven, or has failed again as the entry `again`.
   */
  readonly state: 'held' | 'given-back' | 'done'
  /** The execution that dealt with it, else the redrive's latest; null where Spring has deleted that. */
  readonly jobExecutionId: string | null
  readonly at: Date | null
  readonly again: string | null
}

/** The statuses of a redrive that is not run again: what it has not dealt with is free for another. */
export const REDRIVE_OVER: readonly BatchStatus[] = ['COMPLETED', 'ABANDONED']
