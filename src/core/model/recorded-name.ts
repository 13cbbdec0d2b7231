/** How long the names of jobs and steps may be, so that they can be recorded. */

/** Spring's columns. The name of a partition shares one with that of its step. */
export const NAME_LIMIT = 100

/** As Postgres counts them: code points. */
export function characterCount(text: string): number {
  return Array.from(text).length
}
