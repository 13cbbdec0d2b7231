/** How many requests are under way at once: more while answers come quickly, half as many when the servers have too much to do. */

export interface InFlightLimit {
  /** Waits for its turn, then works. Rejects with what the work threw, or, before it has begun, with the signal's reason. */
  readonly run: <R>(work: () => Promise<R>) => Promise<R>
  /** The servers have said that they cannot manage. */
  readonly congested: () => void
  readonly limit: () => number
}

const FIRST = 32
/** An answer that takes longer tells of a queue somewhere. */
const SLOW_MS = 2_000
/** Answers to what was sent before the last decrease tell nothing new. */
const DECREASE_PAUSE_MS = 200

export function inFlightLimit(most: number, signal: AbortSignal): InFlightLimit {
  let limit = Math.min(FIRST, most)
  let running = 0
  let isFirstClimb = true
  let decreasedAt = -Infinity
  const waiting: (() => void)[] = []
  const decrease = (): void => {
    const now = performance.now()
    if (now - decreasedAt < DECREASE_PAUSE_MS) return
    decreasedAt = now
    isFirstClimb = false
    limit = Math.max(1, limit / 2)
  }
  /** Twice as many each round until the first decrease, then one more each round. */
  const increase = (): void => void (limit = Math.min(most, limit + (isFirstClimb ? 1 : 1 / limit)))
  const next = (): void => {
    while (running < Math.floor(limit) && waiting.length > 0) {
      running += 1
      waiting.shift()?.()
    }
  }
  const turn = (): Promise<void> | undefined => {
    if (running < Math.floor(limit) && waiting.length === 0) {
      running += 1
      return undefined
    }
    return new Promise((resolve) => void waiting.push(resolve))
  }
  return {
    run: async (work) => {
      await turn()
      const begun = performance.now()
      try {
        signal.throwIfAborted()
        const result = await work()
        if (performance.now() - begun > SLOW_MS) decrease()
        else increase()
        return result
      } finally {
        running -= 1
        next()
      }
    },
    congested: decrease,
    limit: () => Math.floor(limit),
  }
}
