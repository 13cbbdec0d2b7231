/** Who may write for an execution, and how that right is kept. */
import type { BatchStatus } from '../model/batch-status.ts'

/** How long an owner is believed without a heartbeat, where nobody says otherwise. */
export const DEFAULT_LEASE_MILLISECONDS = 30_000

/** Proof that the caller is the owner: every write of an execution carries it, and the database compares. */
export interface Claim {
  readonly jobExecutionId: string
  readonly generation: string
}

export type HeartbeatAnswer =
  /** With the job execution's status: STOPPING when somebody asked it to stop. */
  | { readonly lease: 'held'; readonly jobStatus: BatchStatus }
  /** The execution was given to somebody else: stop at once, write nothing more. */
  | { readonly lease: 'lost' }

/** Both called as things happen, and never after `close`. */
export interface BeatListener {
  readonly onAnswer: (answer: HeartbeatAnswer) => void
  /** A beat has failed; it is tried again. */
  readonly onError: (error: Error) => void
}

export interface Beating {
  /** Milliseconds since the last beat that was answered was sent; Infinity before the first. True even when nobody could listen. */
  readonly silence: () => number
  readonly close: () => void
}
