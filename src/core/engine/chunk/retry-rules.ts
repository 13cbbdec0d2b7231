/** How often and how soon something is tried again. */
import type { Backoff, RetryPolicy } from '../../definition/fault-policy.ts'
import type { FaultPhase } from '../../model/quarantined-item.ts'
import { isTransactionFault, isTransient } from '../../model/transient-error.ts'
import { matchesAny } from './error-match.ts'

export interface RetryRules {
  /** In total. */
  readonly attempts: number
  /** Whether another attempt may help, however many there were. */
  readonly matches: (error: unknown) => boolean
  /** Milliseconds between this attempt, from 1 on, and the next. */
  readonly delayAfter: (attempt: number, error: unknown) => number
  /** Whether there is ever a wait, so that nothing may be tried again inside an open transaction. */
  readonly waits: boolean
}

/** What a write gets that nothing is said about; where a policy has no back-off, what is about the transaction waits so too. */
const DEFAULT_BACKOFF: Backoff = {
  kind: 'exponential',
  initialMilliseconds: 50,
  maxMilliseconds: 2_000,
  jitter: 0.5,
}
const DEFAULT_POLICY: RetryPolicy = { attempts: 5, backoff: DEFAULT_BACKOFF }
const LONGEST_MILLISECONDS = 30_000

const NEVER: RetryRules = { attempts: 1, matches: () => false, delayAfter: () => 0, waits: false }

/** `random` answers from 0 to below 1. */
export function retryRules(
  policy: RetryPolicy | false | undefined,
  phase: FaultPhase,
  random: () => number = Math.random,
): RetryRules {
  if (policy === false) return NEVER
  if (phase !== 'write') return policy === undefined ? NEVER : rulesOf(policy, random)
  const rules = rulesOf(policy ?? DEFAULT_POLICY, random)
  return {
    ...rules,
    matches: (error) => isTransactionFault(error) || rules.matches(error),
    delayAfter: (attempt, error) =>
      policy?.backoff === undefined && isTransactionFault(error)
        ? delayOf(DEFAULT_BACKOFF, attempt, random)
        : rules.delayAfter(attempt, error),
  }
}

function rulesOf({ on = isTransient, attempts, backoff }: RetryPolicy, random: () => number): RetryRules {
  return {
    attempts,
    matches: (error) => matchesAny(on, error),
    delayAfter: (attempt) => (backoff === undefined ? 0 : delayOf(backoff, attempt, random)),
    waits: backoff !== undefined,
  }
}

function delayOf(backoff: Backoff, attempt: number, random: () => number): number {
  const whole =
    backoff.kind === 'fixed'
      ? backoff.delayMilliseconds
      : Math.min(
          backoff.initialMilliseconds * (backoff.factor ?? 2) ** (attempt - 1),
          backoff.maxMilliseconds ?? LONGEST_MILLISECONDS,
        )
  return Math.round(whole * (1 - (backoff.jitter ?? 0) * random()))
}
