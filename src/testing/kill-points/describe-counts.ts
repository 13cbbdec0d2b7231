/** How the counts of steps differ from those that were expected, in a line. */
import type { ItemCounts } from './play-through.ts'

type CountsByStep = Readonly<Record<string, ItemCounts>>

/** `load writeCount 31 instead of 30`; undefined where they are equal. */
export function describeCounts(actual: CountsByStep, expected: CountsByStep): string | undefined {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)])
  const differences = [...names].flatMap((name) => differencesOf(name, actual[name], expected[name]))
  return differences.length === 0 ? undefined : differences.join(', ')
}

function differencesOf(name: string, actual?: ItemCounts, expected?: ItemCounts): readonly string[] {
  if (actual === undefined) return [`${name} was not run`]
  if (expected === undefined) return [`${name} was run`]
  const counts = Object.keys(expected) as (keyof ItemCounts)[]
  return counts
    .filter((count) => actual[count] !== expected[count])
    .map((count) => `${name} ${count} ${actual[count]} instead of ${expected[count]}`)
}
