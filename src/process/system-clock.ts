/** The machine's clock. */
import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../core/ports/clock.ts'

/** Almost 25 days: a longer timer would be over at once. */
const LONGEST_TIMER = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    try {
      let left = milliseconds
      do {
        await setTimeout(Math.min(left, LONGEST_TIMER), undefined, { signal })
        left -= LONGEST_TIMER
      } while (left > 0)
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  },
}
