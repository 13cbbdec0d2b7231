/** Which test files run in which of the two mochas of `npm test`; each has an embedded Postgres of its own. */

const ALL = 'dist/test/**/*.test.js'

/**
 * About as much work as all the others, for the numbers of a developer's run and for those of `.ci/run`: here most tests start
 * processes, and kill them.
 */
const FIRST = ['dist/test/{cli,examples}/**/*.test.js', 'dist/test/scenarios/kill*.test.js'] as const

/** The arguments of each. A file is in one of them, and in one only, because the second leaves out what the first takes. */
export function mochaHalves(options: readonly string[]): readonly (readonly string[])[] {
  const ignored = FIRST.flatMap((files) => ['--ignore', files])
  return [
    [...FIRST, ...options],
    [ALL, ...ignored, ...options],
  ]
}
