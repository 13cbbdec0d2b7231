/** How long what passes by itself is waited for: a server that restarts is away for some seconds. */
import { setTimeout as delay } from 'node:timers/promises'

const FIRST_PAUSE_MILLISECONDS = 50
const LONGEST_PAUSE_MILLISECONDS = 2_000
export const PATIENCE_MILLISECONDS = 60_000

/** Of one request, from its first failure on. What attempts take counts: a server that hangs lets each of them wait. */
export interface Patience {
  /** Waits before the next attempt, longer each time; false where that would be beyond what is waited for. @throws the signal's reason */
  readonly pause: (signal: AbortSignal) => Promise<boolean>
}

export function patience(
  limitMilliseconds: number = PATIENCE_MILLISECONDS,
  now: () => number = () => performance.now(),
): Patience {
  let begun: number | undefined
  let next = FIRST_PAUSE_MILLISECONDS
  return {
    pause: async (signal) => {
      signal.throwIfAborted()
      begun ??= now()
      if (now() - begun >= limitMilliseconds) return false
      // Not all at the same moment.
      const pause = next * (0.5 + Math.random() / 2)
      next = Math.min(next * 2, LONGEST_PAUSE_MILLISECONDS)
      await delay(pause, undefined, { signal }).catch(() => signal.throwIfAborted())
      return true
    },
  }
}
