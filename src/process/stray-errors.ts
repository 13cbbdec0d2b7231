/** Errors that nobody handles, most often promises that a job does not await, brought to the run whose code they come from. */
import { AsyncLocalStorage } from 'node:async_hooks'

export interface StrayErrors extends Disposable {
  /** Does work whose stray errors, also those that come long after it has returned, are told to `owner`. */
  readonly within: <T>(owner: (error: unknown) => void, work: () => T) => T
}

/** Takes them over until it is disposed of. `elsewhere` is told of those that come from no such work. */
export function watchStrayErrors(elsewhere: (error: unknown) => void): StrayErrors {
  const owners = new AsyncLocalStorage<(error: unknown) => void>()
  const onError = (error: unknown) => (owners.getStore() ?? elsewhere)(error)
  // Node.js makes an uncaught exception of a rejection that nobody handles, and keeps whose it was.
  process.on('uncaughtException', onError)
  return {
    within: (owner, work) => owners.run(owner, work),
    [Symbol.dispose]: () => void process.off('uncaughtException', onError),
  }
}
