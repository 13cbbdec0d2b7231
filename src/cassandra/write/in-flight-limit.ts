/** How many requests may be under way at once: more while answers come quickly, half as many when the servers have too much to do. */

export interface InFlightLimit {
  readonly limit: () => number
  readonly answered: (milliseconds: number) => void
  /** The servers have said that they cannot manage. */
  readonly congested: () => void
}

const FIRST = 32
/** An answer that takes longer tells of a queue somewhere. */
const SLOW_MILLISECONDS = 2_000
/** Answers to what was sent before the last decrease tell nothing new. */
const DECREASE_PAUSE_MILLISECONDS = 200

export function inFlightLimit(most: number, now: () => number = () => performance.now()): InFlightLimit {
  let limit = Math.min(FIRST, most)
  let isFirstClimb = true
  let decreasedAt = -Infinity
  const congested = (): void => {
    if (now() - decreasedAt < DECREASE_PAUSE_MILLISECONDS) return
    decreasedAt = now()
    isFirstClimb = false
    limit = Math.max(1, limit / 2)
  }
  return {
    limit: () => Math.floor(limit),
    answered: (milliseconds) => {
      if (milliseconds > SLOW_MILLISECONDS) congested()
      // Twice as many each round until the first decrease, then one more each round.
      else limit = Math.min(most, limit + (isFirstClimb ? 1 : 1 / limit))
    },
    congested,
  }
}
