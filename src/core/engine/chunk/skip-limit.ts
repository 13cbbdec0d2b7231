/** How many items a step may skip. */
import type { SkipPolicy } from '../../definition/fault-policy.ts'
import { addCounts, skipCount } from '../../model/step-execution.ts'
import type { StepRun } from '../step-run.ts'

/** From so many records on a share is judged: before, one bad record would be a large share. */
const READS_TO_JUDGE = 100
/** A share of 0.29 of 100 records is 29 of them, and not 28.999… */
const ROUNDING = 1e-9

export interface SkipsSoFar {
  /** Records that were read, those included that could not be made into items. */
  readonly reads: number
  readonly skips: number
}

/** Of the step over all executions of its instance, as far as it is committed. */
export function skipsSoFar({ earlierCounts, ledger }: Pick<StepRun, 'earlierCounts' | 'ledger'>): SkipsSoFar {
  const counts = addCounts(earlierCounts, ledger.counts())
  return { reads: counts.readCount + counts.readSkipCount, skips: skipCount(counts) }
}

/** How many skips there may be in all once so many records are read. */
export function skipsAllowed(limit: SkipPolicy['limit'], reads: number): number {
  if (typeof limit === 'number') return limit
  return reads < READS_TO_JUDGE ? Infinity : skipsAllowedAtEnd(limit, reads)
}

export function skipsAllowedAtEnd(limit: SkipPolicy['limit'], reads: number): number {
  return typeof limit === 'number' ? limit : Math.floor(limit.share * reads + ROUNDING)
}

/** `3`, or `1 % of the records read`. */
export function describeLimit(limit: SkipPolicy['limit']): string {
  return typeof limit === 'number'
    ? String(limit)
    : `${Number((limit.share * 100).toFixed(4))} % of the records read`
}
