/** Where steps take their connections from, and how many steps may have one at the same time. */
import type { Pool } from 'pg'
import type { DataSource } from 'typeorm'

export interface SessionSource {
  readonly source: DataSource
  /**
   * Waits for a place as long as it takes: a step that finds all of them taken runs after the others. Without that, branches
   * that each hold a connection and want another for their reader would wait for each other until the pool gives up.
   * Answers how the place is given back.
   */
  readonly takePlace: () => Promise<() => void>
}

/** Places are given in the order in which they were asked for. */
export function sessionSource(source: DataSource, places: number): SessionSource {
  const waiting: (() => void)[] = []
  let free = places
  const giveBack = () => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return {
    source,
    takePlace: async () => {
      if (free > 0) free -= 1
      else await new Promise<void>((turn) => waiting.push(turn))
      return onlyOnce(giveBack)
    },
  }
}

/**
 * A given pool is shared with readers, writers and the rest of its owner's program: not half of it is for steps, so that each
 * of them can have one connection more, and one is left for whoever needs it for a moment.
 */
export function placesOfShared(source: DataSource): number {
  const { master: pool } = source.driver as unknown as { readonly master: Pool }
  return Math.max(1, Math.floor(((pool.options.max ?? PG_DEFAULT_MAX) - 1) / 2))
}

const PG_DEFAULT_MAX = 10

function onlyOnce(action: () => void): () => void {
  let done = false
  return () => {
    if (!done) action()
    done = true
  }
}
