/** The engine's sense of time, so that a test can have its own. Leases are judged by the repository's clock, not by this. */
export interface Clock {
  /** For the times that are shown and recorded. */
  readonly now: () => Date
  /** Milliseconds that never jump, for measuring. */
  readonly monotonic: () => number
  /** Resolves after so many milliseconds. @throws the signal's reason when that is aborted first */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
}
