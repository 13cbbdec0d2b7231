/** Whether an error is one of those that a policy names. */
import type { ErrorClass, ErrorMatch } from '../../definition/fault-policy.ts'
import { causeChain } from '../../model/error-description.ts'

/** The error itself or one of its causes matches. */
export function matchesAny(on: ErrorMatch | readonly ErrorMatch[], error: unknown): boolean {
  const matches = Array.isArray(on) ? (on as readonly ErrorMatch[]) : [on as ErrorMatch]
  return causeChain(error).some((one) => matches.some((match) => matchesOne(match, one)))
}

function matchesOne(match: ErrorMatch, error: unknown): boolean {
  return isErrorClass(match) ? error instanceof match : match(error)
}

function isErrorClass(match: ErrorMatch): match is ErrorClass {
  const prototype: unknown = match.prototype
  return prototype === Error.prototype || prototype instanceof Error
}
