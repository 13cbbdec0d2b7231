/** Which test files run in which of the two mochas of `npm test`; each has an embedded Postgres of its own. */

/** The folders of one half, which take about as long as all others: here a process is started for most tests. */
const FOLDERS = ['cli', 'examples', 'pool', 'workers'] as const

const ALL = 'dist/test/**/*.test.js'
const HALF = `dist/test/{${FOLDERS.join()}}/**/*.test.js`

/** The arguments of each. A file is in one of them, and in one only, because the second leaves out what the first takes. */
export function mochaHalves(options: readonly string[]): readonly (readonly string[])[] {
  return [
    [HALF, ...options],
    [ALL, '--ignore', HALF, ...options],
  ]
}
