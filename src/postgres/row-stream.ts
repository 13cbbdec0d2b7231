/** A source's rows one after the other, the next page fetched while this one is used. */
import type { PageSource, RawPage } from './page-source.ts'
import type { RawRow } from './row-decoder.ts'

export interface RowStream {
  /** The rows to come, at least one and at most `limit`; undefined at the end. */
  readonly peek: (limit: number) => Promise<readonly RawRow[] | undefined>
  /** They are used; `peek` goes on behind them. */
  readonly advance: (count: number) => void
}

export function prefetchedRows(source: PageSource, after: readonly string[] | undefined): RowStream {
  let next: Promise<RawPage> | undefined = fetchAhead(source, after)
  let rows: readonly RawRow[] = []
  let used = 0
  return {
    peek: async (limit) => {
      while (used === rows.length) {
        if (next === undefined) return undefined
        const page = await next
        rows = page.rows
        used = 0
        const last = rows.at(-1)
        next = page.isLast || last === undefined ? undefined : fetchAhead(source, source.keysOf(last))
      }
      return rows.slice(used, used + limit)
    },
    advance: (count) => void (used += count),
  }
}

/** Its failure belongs to the `peek` that wants this page; until then nobody waits for it. */
function fetchAhead(source: PageSource, after: readonly string[] | undefined): Promise<RawPage> {
  const page = source.fetch(after)
  page.catch(() => {})
  return page
}
