/** A launch as somebody far away orders it, who may lose our answer and ask again. */
import type { JobExecution } from '../model/job-execution.ts'
import type { RunObserver } from '../ports/run-observer.ts'
import type { Runner, Trigger } from '../model/launch-facts.ts'
import type { TraceContext } from '../ports/tracing.ts'
import type { StartedJob } from './started-job.ts'

export interface LaunchOrder {
  readonly jobName: string
  /** As `k=v` texts; with `next` only what differs from the last instance. */
  readonly parameters: Readonly<Record<string, string>>
  /** @default 'start' */
  readonly mode?: 'start' | 'next'
  /** What an instance is that is running or complete: a refusal, or the answer. @default 'reject' */
  readonly onExisting?: 'reject' | 'return'
  readonly trigger: Trigger
  readonly runner: Runner
  /** Who asks, for the record, and whose the key is. */
  readonly by: string
  readonly idempotency?: IdempotencyKey
  /** Of the span that asks for it. */
  readonly traceContext?: TraceContext
}

/** One attempt at a launch: asked for again it is answered as the first time, and starts nothing. */
export interface IdempotencyKey {
  /** At most 200 characters. */
  readonly key: string
  /** Of everything that was ordered: the same key with another one is a mistake. */
  readonly requestHash: string
}

export type LaunchAnswer =
  | { readonly outcome: 'started'; readonly started: StartedJob }
  /** It was there: running, or complete. Only where `onExisting` is `return`. */
  | { readonly outcome: 'existing'; readonly execution: JobExecution }
  /** The key was used before, for this execution. */
  | { readonly outcome: 'replayed'; readonly execution: JobExecution; readonly restartOf: string | null }

export interface LaunchOptions {
  readonly observer?: RunObserver
  /**
   * Answers as ever for what is there: a key that is known, an instance that runs or is complete. Where it would launch, this is the
   * refusal. For whoever has no place for another run.
   */
  readonly onlyExisting?: Error
}

export interface LaunchOperations {
  /**
   * A start, or a start of the next instance, whose answer can be asked for again. A refusal uses no key up.
   * @throws BatchError as `startByName`; IDEMPOTENCY_KEY_REUSED
   */
  readonly launch: (order: LaunchOrder, options?: LaunchOptions) => Promise<LaunchAnswer>
}
