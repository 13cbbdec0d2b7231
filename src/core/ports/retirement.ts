/** How an execution is taken from whoever ran it. */
import type { LatestExecution } from './launch.ts'

export interface RetireRequest {
  readonly jobExecutionId: string
  /** Who asked, for the record; null for an owner that gives up its own, which is not recorded. */
  readonly by: string | null
  /** Pure, and quick: it runs inside the transaction, and again where the execution changes meanwhile. */
  readonly decide: (found: ExecutionAtHand) => RetireVerdict
}

export interface ExecutionAtHand extends LatestExecution {
  /** Steps that look as if they still ran, or whose outcome is UNKNOWN. */
  readonly openSteps: number
  /** The id of the instance's latest execution, where that is another. */
  readonly followedBy: string | null
}

export type RetireVerdict =
  /** End the execution and its open steps; one that has FAILED stays as it ended. */
  | { readonly action: 'close'; readonly status: 'FAILED' | 'STOPPED'; readonly reason: string }
  /** An ended execution becomes ABANDONED. */
  | { readonly action: 'abandon' }
  | { readonly action: 'leave' }
  | { readonly action: 'refuse'; readonly error: Error }

export type RetireOutcome = 'closed' | 'abandoned' | 'left' | 'not-found'
