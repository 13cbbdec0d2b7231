/** Runs clean-up and listeners so that what fails in them never hides what failed first. */
import type { Logger } from '../ports/logger.ts'

/** What happened, held as a value so that the next thing can be done before it is thrown. */
export type Settled<T> = { readonly value: T } | { readonly error: unknown }

export async function settle<T>(work: () => T | Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}

/** Does it, and logs what it throws: for what must not change the outcome. */
export async function attempt(what: string, logger: Logger, work: () => unknown): Promise<void> {
  try {
    await work()
  } catch (error) {
    logger.warn({ err: error }, `${what} failed; the outcome stands`)
  }
}

/** The first error of the two, else the first one's value; a second error is logged, not lost. */
export function firstError<T>(first: Settled<T>, second: Settled<unknown>, logger: Logger): Settled<T> {
  if (!('error' in first)) return 'error' in second ? second : first
  if ('error' in second) logger.warn({ err: second.error }, 'a further error, after the one that is reported')
  return first
}

/** The value, or the error thrown. */
export function unsettle<T>(settled: Settled<T>): T {
  if ('error' in settled) throw settled.error
  return settled.value
}
