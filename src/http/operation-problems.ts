/** Which problems an operation can answer: its own, and those of its kind. */
import type { Door } from './auth/authenticate.ts'
import type { Operation } from './operation.ts'
import { PROBLEMS, type ProblemCode } from './problem.ts'

/** `tokens`: some are asked for. Otherwise anybody may, on this machine or from `anywhere`, but no page of another site. */
export type DoorKind = Door['kind']

export function problemsOf(operation: Operation, door: DoorKind): readonly ProblemCode[] {
  const { method, scope, query, body, usesRepository, problems } = operation
  return [
    'token-in-query',
    ...doorProblems(operation, door),
    ...(scope === null && method === 'get' ? [] : (['unexpected'] as const)),
    ...(query === undefined && body === undefined ? [] : (['invalid-request'] as const)),
    ...(body === undefined ? [] : (['malformed-json', 'body-too-large', 'unsupported-media-type'] as const)),
    ...(usesRepository === false ? [] : (['database-unavailable'] as const)),
    ...problems,
  ]
}

function doorProblems({ scope, method }: Operation, door: DoorKind): readonly ProblemCode[] {
  if (door !== 'tokens')
    return [
      ...(door === 'loopback' ? (['forbidden-host'] as const) : []),
      ...(method === 'get' ? [] : (['cross-site'] as const)),
    ]
  const ofCookies = method === 'get' ? [] : (['cross-site'] as const)
  if (scope === null) return ofCookies
  // Whatever a token may, it may read.
  return ['unauthenticated', ...(scope === 'read' ? [] : (['insufficient-scope'] as const)), ...ofCookies]
}

/** By HTTP status, in their order. */
export function problemsByStatus(
  operation: Operation,
  door: DoorKind,
): ReadonlyMap<number, readonly ProblemCode[]> {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of new Set(problemsOf(operation, door))) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return new Map([...byStatus].toSorted(([one], [other]) => one - other))
}
