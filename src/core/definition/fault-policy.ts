/** What a chunk step does about failures: which it tries again, which it skips, and how many. */
import type { FaultPhase } from '../model/quarantined-item.ts'

/**
 * A class of errors, or a predicate. Asked of the error and of each of its causes, until one matches: what a writer throws is
 * often wrapped. `isTransient` is a predicate for what passes by itself.
 */
export type ErrorMatch = ErrorClass | ((error: unknown) => boolean)

export type ErrorClass = abstract new (...args: never[]) => Error

/**
 * `attempts` counts for each item that is processed, for each read of a reader that may be asked again, and for each write of
 * a chunk with all its parts.
 *
 * Without a back-off, a transactional writer's next attempt follows at once, in a savepoint. With one, the chunk is rolled
 * back, nothing waits inside a transaction, and what the processor made is written in a new one.
 */
export interface RetryPolicy {
  /** @default isTransient */
  readonly on?: ErrorMatch | readonly ErrorMatch[]
  /** In total, the first one included. */
  readonly attempts: number
  /** @default none: at once */
  readonly backoff?: Backoff
}

/** `jitter` takes a random part of each wait away, at most this share of it: 0.5 is from half to the whole. */
export type Backoff =
  | { readonly kind: 'fixed'; readonly delayMilliseconds: number; readonly jitter?: number }
  | {
      readonly kind: 'exponential'
      readonly initialMilliseconds: number
      /** @default 2 */
      readonly factor?: number
      /** No wait is longer. @default 30_000 */
      readonly maxMilliseconds?: number
      readonly jitter?: number
    }

/** Which failures cost the item and not the step. What can be retried is retried first. */
export interface SkipPolicy {
  readonly on: ErrorMatch | readonly ErrorMatch[]
  /**
   * How many items may be skipped, over all executions of the step in its instance: a number, or a share of the records read
   * (0.01 is one in a hundred), which is judged from 100 records on and at the step's end.
   */
  readonly limit: number | { readonly share: number }
  /** @default all three */
  readonly phases?: readonly FaultPhase[]
}
