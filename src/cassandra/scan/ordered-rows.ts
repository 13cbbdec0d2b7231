/** The rows of all spans in their order, several spans fetched side by side. */
import type { ReadSpan } from './read-span.ts'
import { type ReadRows, SpanReading, type SpanReadingScope } from './span-reading.ts'
import type { SpanSource } from './span-source.ts'

export interface OrderedRows {
  /** At least one row; undefined at the end. After a rejection it may be called again. */
  readonly nextPage: () => Promise<ReadRows | undefined>
}

/** Of the first span that has rows left the next page is fetched ahead, of the others behind it the first one. */
export function orderedRows(
  scope: SpanReadingScope,
  { first, source, concurrency }: OrderedRowsPlan,
): OrderedRows {
  const readings: SpanReading[] = first.length === 0 ? [] : [new SpanReading(scope, first)]
  const fill = (): void => {
    while (readings.length < concurrency) {
      const span = source.next()
      if (span === undefined) break
      readings.push(new SpanReading(scope, [span]))
    }
    for (const reading of readings) reading.begin()
  }
  return {
    nextPage: async () => {
      for (;;) {
        fill()
        const [reading] = readings
        if (reading === undefined) return undefined
        const page = await reading.read()
        if (page === undefined) readings.shift()
        else reading.begin()
        if (page !== undefined && page.rows.length > 0) return page
      }
    },
  }
}

export interface OrderedRowsPlan {
  /** What is left where an earlier execution has ended. */
  readonly first: readonly ReadSpan[]
  readonly source: SpanSource
  /** How many spans are fetched at the same time. */
  readonly concurrency: number
}
