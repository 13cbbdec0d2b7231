/** Whether an error is one of those that a policy names. */
import type { ErrorClass, ErrorMatch } from '../../definition/fault-policy.ts'
import { BatchError } from '../../model/batch-error.ts'
import { causeChain, thrownText } from '../../model/error-description.ts'

/** The error itself or one of its causes matches. */
export function matchesAny(on: ErrorMatch | readonly ErrorMatch[], error: unknown): boolean {
  const matches = Array.isArray(on) ? (on as readonly ErrorMatch[]) : [on as ErrorMatch]
  return causeChain(error).some((one) => matches.some((match) => matchesOne(match, one)))
}

function matchesOne(match: ErrorMatch, error: unknown): boolean {
  if (isErrorClass(match)) return error instanceof match
  try {
    return match(error)
  } catch (thrown) {
    throw predicateFailed(thrown, error)
  }
}

function isErrorClass(match: ErrorMatch): match is ErrorClass {
  const prototype: unknown = match.prototype
  return prototype === Error.prototype || prototype instanceof Error
}

function predicateFailed(thrown: unknown, error: unknown): BatchError {
  return new BatchError(
    'INVALID_JOB_DEFINITION',
    `a predicate of retry.on or skip.on has thrown (${thrownText(thrown)}) when it was asked of: ${thrownText(error)}. ` +
      'It is asked of whatever is thrown, and of each cause; make it answer false for what it does not know.',
    { cause: thrown },
  )
}
