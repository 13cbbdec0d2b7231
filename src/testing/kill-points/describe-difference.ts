/** How an output differs from the one that was expected, in a line. */
import { inspect, isDeepStrictEqual } from 'node:util'

const EXAMPLES = 3

/** Undefined where they are equal. Lists are compared as bags first: what is twice, what is missing, what is not wanted. */
export function describeDifference(actual: unknown, expected: unknown): string | undefined {
  if (isDeepStrictEqual(actual, expected)) return undefined
  if (!Array.isArray(actual) || !Array.isArray(expected))
    return `${short(actual)} instead of ${short(expected)}`
  const more = subtract(actual, expected)
  const twice = more.filter((one) => expected.some((other) => isDeepStrictEqual(one, other)))
  const strange = more.filter((one) => !twice.includes(one))
  const parts = [
    part(twice, 'too often'),
    part(strange, 'not wanted'),
    part(subtract(expected, actual), 'missing'),
  ]
  return parts.filter((one) => one !== undefined).join('; ') || 'the same items in another order'
}

function part(items: readonly unknown[], what: string): string | undefined {
  if (items.length === 0) return undefined
  const examples = items.slice(0, EXAMPLES).map(short).join(', ')
  return `${items.length} ${what}: ${examples}${items.length > EXAMPLES ? ' …' : ''}`
}

/** As often as it is in `from` and not in `other`. */
function subtract(from: readonly unknown[], other: readonly unknown[]): readonly unknown[] {
  const counts = new Map<string, number>()
  for (const one of other) counts.set(textOf(one), (counts.get(textOf(one)) ?? 0) + 1)
  return from.filter((one) => {
    const left = counts.get(textOf(one)) ?? 0
    counts.set(textOf(one), left - 1)
    return left <= 0
  })
}

function textOf(value: unknown): string {
  return inspect(value, { depth: Infinity, maxArrayLength: Infinity, sorted: true, breakLength: Infinity })
}

function short(value: unknown): string {
  const text = inspect(value, { depth: 3, breakLength: Infinity })
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`
}
