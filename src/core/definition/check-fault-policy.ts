/** What is wrong with a step's retry and skip policies, in words. */
import { LONGEST_TIMER_MILLISECONDS } from '../model/longest-timer.ts'
import { FAULT_PHASES } from '../model/quarantined-item.ts'
import type { Backoff, ErrorMatch, RetryPolicy, SkipPolicy } from './fault-policy.ts'

/** Empty when there is nothing to report. */
export function checkRetryPolicy(retry: RetryPolicy | false | undefined): readonly string[] {
  if (retry === undefined || retry === false) return []
  const faults = [...checkMatches('retry.on', retry.on), ...checkBackoff(retry.backoff)]
  if (!Number.isSafeInteger(retry.attempts) || retry.attempts < 1)
    faults.push(
      `retry.attempts is ${retry.attempts}; it must be a whole number from 1 on, the first attempt included`,
    )
  return faults
}

/** Empty when there is nothing to report. */
export function checkSkipPolicy(skip: SkipPolicy | undefined): readonly string[] {
  if (skip === undefined) return []
  const faults = [...checkMatches('skip.on', skip.on), ...checkLimit(skip.limit)]
  if (skip.phases?.length === 0) faults.push('skip.phases is empty, so nothing is ever skipped')
  for (const phase of skip.phases ?? [])
    if (!FAULT_PHASES.includes(phase))
      faults.push(`skip.phases names ${String(phase)}; the phases are ${FAULT_PHASES.join(', ')}`)
  return faults
}

function checkLimit(limit: SkipPolicy['limit']): readonly string[] {
  if (typeof limit === 'number') {
    return Number.isSafeInteger(limit) && limit >= 0
      ? []
      : [`skip.limit is ${limit}; it must be a whole number from 0 on, or { share }`]
  }
  return limit.share > 0 && limit.share <= 1
    ? []
    : [
        `skip.limit.share is ${limit.share}; it must be above 0 and at most 1: 0.01 is one record in a hundred`,
      ]
}

function checkMatches(name: string, on: ErrorMatch | readonly ErrorMatch[] | undefined): readonly string[] {
  if (!Array.isArray(on)) {
    return on === undefined || typeof on === 'function'
      ? []
      : [`${name} must be an error class or a predicate`]
  }
  if (on.length === 0) return [`${name} is empty, so nothing ever matches`]
  return on.every((one) => typeof one === 'function')
    ? []
    : [`${name} must hold error classes and predicates only`]
}

function checkBackoff(backoff: Backoff | undefined): readonly string[] {
  if (backoff === undefined) return []
  const faults: string[] = []
  const check = (name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER) => {
    if (!(value >= least && value <= most))
      faults.push(`retry.backoff.${name} is ${value}; it must be from ${least} to ${most}`)
  }
  check('jitter', backoff.jitter ?? 0, 0, 1)
  switch (backoff.kind) {
    case 'fixed':
      check('delayMilliseconds', backoff.delayMilliseconds, 0, LONGEST_TIMER_MILLISECONDS)
      break
    case 'exponential':
      check('initialMilliseconds', backoff.initialMilliseconds, 0, LONGEST_TIMER_MILLISECONDS)
      check('factor', backoff.factor ?? 1, 1)
      check('maxMilliseconds', backoff.maxMilliseconds ?? 0, 0, LONGEST_TIMER_MILLISECONDS)
      break
    default:
      backoff satisfies never
  }
  return faults
}
