/** How many rows are asked for at once: fewer where the servers do not manage a page in time. */

/** Below this a page is not the reason. */
const FLOOR = 16
const GROWTH = 1.25

export interface FetchPace {
  readonly size: () => number
  readonly shrink: () => void
  /** Back towards what was asked for, a little for each page that has come. */
  readonly grow: () => void
}

export function fetchPace(wanted: number): FetchPace {
  let size = wanted
  return {
    size: () => Math.floor(size),
    shrink: () => void (size = Math.max(Math.min(FLOOR, wanted), size / 2)),
    grow: () => void (size = Math.min(wanted, size * GROWTH)),
  }
}
