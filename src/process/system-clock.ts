/** The machine's clock. */
import { setTimeout } from 'node:timers/promises'
import { LONGEST_TIMER_MILLISECONDS } from '../core/model/longest-timer.ts'
import type { Clock } from '../core/ports/clock.ts'

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    try {
      let left = milliseconds
      do {
        await setTimeout(Math.min(left, LONGEST_TIMER_MILLISECONDS), undefined, { signal })
        left -= LONGEST_TIMER_MILLISECONDS
      } while (left > 0)
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  },
}
