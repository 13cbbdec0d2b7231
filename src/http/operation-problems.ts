/** Which problems an operation can answer: its own, and those of its kind. */
import type { Door } from './auth/authenticate.ts'
import type { Operation } from './operation.ts'
import { PROBLEMS, type ProblemCode } from './problem.ts'

/** `tokens`: some are asked for. Otherwise anybody may, on this machine or from `anywhere`, but no page of another site. */
export type DoorKind = Door['kind']

export function problemsOf(operation: Operation, door: DoorKind): readonly ProblemCode[] {
  const { scope, query, body, usesRepository, problems } = operation
  return [
    'token-in-query',
    ...doorProblems(operation, door),
    ...(scope === null ? [] : (['unexpected'] as const)),
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
  if (scope === null) return []
  // Whatever a token may, it may read.
  return scope === 'read' ? ['unauthenticated'] : ['unauthenticated', 'insufficient-scope']
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
