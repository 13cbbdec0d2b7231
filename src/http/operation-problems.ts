/** Which problems an operation can answer: its own, and those of its kind. */
import type { Operation } from './operation.ts'
import { PROBLEMS, type ProblemCode } from './problem.ts'

export function problemsOf(operation: Operation): readonly ProblemCode[] {
  const { scope, query, body, usesRepository, problems } = operation
  const isMounted = scope !== null
  return [
    'token-in-query',
    'forbidden-host',
    ...(isMounted ? (['unauthenticated', 'insufficient-scope', 'unexpected'] as const) : []),
    ...(query === undefined && body === undefined ? [] : (['invalid-request'] as const)),
    ...(body === undefined
      ? []
      : (['cross-site', 'malformed-json', 'body-too-large', 'unsupported-media-type'] as const)),
    ...(usesRepository === false ? [] : (['database-unavailable'] as const)),
    ...problems,
  ]
}

/** By HTTP status, in their order. */
export function problemsByStatus(operation: Operation): ReadonlyMap<number, readonly ProblemCode[]> {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of new Set(problemsOf(operation))) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return new Map([...byStatus].toSorted(([one], [other]) => one - other))
}
