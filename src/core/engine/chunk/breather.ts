/** Lets the event loop turn between pieces of work that never wait by themselves. */
import { setImmediate } from 'node:timers/promises'

/**
 * Between two of these at most a page is read and processed. A chunk's write needs several turns of the loop (its bytes do
 * not fit into the socket at once, its answer has to be read), timers and signals need theirs; without a pause they would
 * wait for the next chunk to be filled, and nothing would overlap. A turn costs some microseconds, so that very small
 * chunks share one.
 */
export type Breather = () => Promise<void> | undefined

const HOLD_MILLISECONDS = 0.5

export function createBreather(): Breather {
  let last = performance.now()
  const breathe = async () => {
    await setImmediate()
    last = performance.now()
  }
  return () => (performance.now() - last < HOLD_MILLISECONDS ? undefined : breathe())
}
