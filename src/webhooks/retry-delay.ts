/** How long a delivery that failed waits for its next attempt. */

export interface RetryRules {
  /** After the first attempt. After later ones, as long as it has been tried already: twice as long each time. */
  readonly firstMilliseconds: number
  /** But never longer. */
  readonly longestMilliseconds: number
  /** Since the first attempt: when it is over, and the attempt that is made then fails, the delivery is given up. */
  readonly giveUpAfterMilliseconds: number
}

export const DAY_OF_RETRIES: RetryRules = {
  firstMilliseconds: 5_000,
  longestMilliseconds: 3_600_000,
  giveUpAfterMilliseconds: 86_400_000,
}

export interface FailedAttempt {
  readonly triedForMilliseconds: number
  /** What the receiver has asked for. */
  readonly retryAfterMilliseconds?: number
  /** From 0 to 1: spreads those that failed together. */
  readonly chance: number
}

/** Undefined when it is given up. The last attempt is made when the time is over, however long the receiver asks to wait. */
export function retryDelay(rules: RetryRules, failed: FailedAttempt): number | undefined {
  const { triedForMilliseconds, retryAfterMilliseconds = 0, chance } = failed
  const left = rules.giveUpAfterMilliseconds - triedForMilliseconds
  if (left <= 0) return undefined
  const { firstMilliseconds, longestMilliseconds } = rules
  const backOff = Math.min(Math.max(firstMilliseconds, triedForMilliseconds), longestMilliseconds)
  return Math.min(Math.max(backOff * (0.75 + chance / 2), retryAfterMilliseconds), left)
}

/** In milliseconds from now; undefined where the header says nothing that can be read. */
export function parseRetryAfter(header: string | null, now: Date): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const at = text.endsWith('GMT') ? Date.parse(text) : NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime())
}
