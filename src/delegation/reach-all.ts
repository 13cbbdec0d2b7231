/** Does something with each of several things, whatever becomes of the others. */

/** One after the other; all are reached. @throws the first error, when all have been reached */
export async function reachAll<T>(things: Iterable<T>, reach: (thing: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = []
  for (const thing of things) {
    try {
      await reach(thing)
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}
