/** The rows of all spans in their order, several spans fetched side by side. */
import type { ReadSpan } from './read-span.ts'
import { type ReadRows, SpanReading, type SpanReadingScope } from './span-reading.ts'
import type { SpanSource } from './span-source.ts'

export interface OrderedRows {
  /** At least one row; undefined at the end. After a rejection it may be called again. */
  readonly nextPage: () => Promise<ReadRows | undefined>
}

export interface OrderedRowsPlan {
  /** What is left where an earlier execution has ended. */
  readonly first: readonly ReadSpan[]
  readonly source: SpanSource
  /** How many requests are under way at the same time. */
  readonly concurrency: number
}

/** Pages that have come and wait for their turn, for each request that may be under way: else those would wait for the reader. */
const AHEAD = 2

/**
 * Of the first span that has rows left the next page is fetched ahead, of the others behind it the first one. As soon as a page
 * has come the next request is sent, whether the page is wanted already or not.
 */
export function orderedRows(
  scope: SpanReadingScope,
  { first, source, concurrency }: OrderedRowsPlan,
): OrderedRows {
  const readings: SpanReading[] = first.length === 0 ? [] : [new SpanReading(scope, first)]
  let underWay = 0
  const begin = (reading: SpanReading): void => {
    if (reading.isBegun) return
    underWay += 1
    const settled = (): void => {
      underWay -= 1
      fill()
    }
    reading.begin().then(settled, settled)
  }
  const fill = (): void => {
    const [head] = readings
    if (head !== undefined) begin(head)
    while (underWay < concurrency && readings.length < concurrency * AHEAD && !scope.signal.aborted) {
      const span = source.next()
      if (span === undefined) break
      const reading = new SpanReading(scope, [span])
      readings.push(reading)
      begin(reading)
    }
  }
  return {
    nextPage: async () => {
      for (;;) {
        fill()
        const [reading] = readings
        if (reading === undefined) return undefined
        const page = await reading.read()
        if (page === undefined || reading.isAtEnd) readings.shift()
        fill()
        if (page !== undefined && page.rows.length > 0) return page
      }
    },
  }
}
