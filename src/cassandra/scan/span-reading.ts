/** Reads the spans of a list one after the other, page by page, and finds its way on where a page cannot be had. */
import { untilAborted } from '../../core/model/until-aborted.ts'
import type {
  CassandraColumn,
  CassandraConsistency,
  CassandraPage,
  CassandraRow,
  CassandraSession,
  CassandraTable,
  CqlValue,
  SerialConsistency,
} from '../cassandra-client.ts'
import { isTooMuch, isWorthAnotherRead } from '../cassandra-trouble.ts'
import type { Patience } from '../patience.ts'
import { tokenRange } from '../token-ranges.ts'
import type { FetchPace } from './fetch-pace.ts'
import { halves, type Place, type ReadSpan, spansBehind } from './read-span.ts'
import type { SpanSource } from './span-source.ts'

export interface SpanReadingScope {
  readonly session: CassandraSession
  readonly table: CassandraTable
  /** All columns of the key, and those of the items. */
  readonly columns: readonly string[]
  readonly consistency: CassandraConsistency | SerialConsistency
  readonly pace: FetchPace
  readonly source: Pick<SpanSource, 'learn'>
  /** For each page. */
  readonly patience: () => Patience
  readonly signal: AbortSignal
}

export interface ReadRows {
  readonly rows: readonly CassandraRow[]
  readonly placeOf: (index: number) => Place
}

export class SpanReading {
  readonly #scope: SpanReadingScope
  /** The first is the one that is being read. */
  readonly #spans: ReadSpan[]
  /** Where the server goes on in it; only ever a short cut. */
  #page: string | undefined
  /** Of the last row that the first span has given. */
  #last: Place | undefined
  #pending: Promise<ReadRows | undefined> | undefined

  constructor(scope: SpanReadingScope, spans: readonly ReadSpan[]) {
    this.#scope = scope
    this.#spans = [...spans]
  }

  /** Whether the next page has been asked for, and not been taken yet. */
  get isBegun(): boolean {
    return this.#pending !== undefined
  }

  /** Whether all pages have been asked for. */
  get isAtEnd(): boolean {
    return this.#spans.length === 0
  }

  /** Asks for the next page. Its failure belongs to the `read` that wants it. */
  begin(): Promise<ReadRows | undefined> {
    this.#pending ??= this.#fetch()
    return this.#pending
  }

  /** Undefined at the end. After a rejection it may be called again, and goes on behind the last page. */
  async read(): Promise<ReadRows | undefined> {
    const isFetchedAhead = this.#pending !== undefined
    try {
      return await this.begin()
    } catch (error) {
      // It may have failed long ago, and the servers be back since.
      if (!isFetchedAhead || this.#scope.signal.aborted || !isWorthAnotherRead(error)) throw error
    } finally {
      this.#pending = undefined
    }
    return this.read()
  }

  async #fetch(): Promise<ReadRows | undefined> {
    const waiting = this.#scope.patience()
    for (;;) {
      const [span] = this.#spans
      if (span === undefined) return undefined
      try {
        if (span.by === 'twins') this.#replace(await this.#twins(span))
        else return this.#take(span, await this.#select(span))
      } catch (error) {
        await this.#recover(span, error, waiting)
      }
    }
  }

  #select(span: Exclude<ReadSpan, { readonly by: 'twins' }>): Promise<CassandraPage> {
    const { session, table, columns, consistency, pace, signal } = this.#scope
    const select = { table, columns, from: span.from, fetchSize: pace.size(), consistency }
    const page = session.select({ ...select, ...(this.#page !== undefined && { page: this.#page }) })
    return untilAborted(page, signal)
  }

  /** Usually it answers the partition that was read and no other. */
  async #twins({
    behind: { token, bytes },
  }: Extract<ReadSpan, { readonly by: 'twins' }>): Promise<readonly ReadSpan[]> {
    const { session, table, consistency, signal } = this.#scope
    const columns = table.partitionKey.map(({ name }) => name)
    const from = { by: 'token', after: token - 1n, upTo: token } as const
    const select = { table, columns, from, distinct: true, fetchSize: TWINS_AT_ONCE, consistency }
    const found: ReadSpan[] = []
    let page: string | undefined
    do {
      const wanted = { ...select, ...(page !== undefined && { page }) }
      const answer: CassandraPage = await untilAborted(session.select(wanted), signal)
      const keys = answer.rows.map((row) => columns.map((name) => row[name] as CqlValue))
      const behind = keys.filter((key) => Buffer.compare(session.locate(table, key).bytes, bytes) > 0)
      found.push(...behind.map((key): ReadSpan => ({ by: 'partition', from: { by: 'partition', key } })))
      page = answer.next
    } while (page !== undefined)
    return found
  }

  #take(span: Exclude<ReadSpan, { readonly by: 'twins' }>, page: CassandraPage): ReadRows {
    const { pace, table } = this.#scope
    const isFirst = this.#page === undefined
    pace.grow()
    const placeOf = placesOf(table, span, page.rows)
    if (page.rows.length > 0) this.#last = placeOf(page.rows.length - 1)
    if (span.by === 'token' && isFirst) this.#learn(span, page)
    this.#page = page.next
    if (page.next === undefined) this.#replace([])
    return { rows: page.rows, placeOf }
  }

  #learn(span: Extract<ReadSpan, { readonly by: 'token' }>, { rows, next }: CassandraPage): void {
    const { session, table, source } = this.#scope
    const { after, upTo } = tokenRange(span.from)
    const last = next === undefined ? undefined : this.#last
    const reached = last === undefined ? upTo : session.locate(table, last.partition).token
    source.learn(rows.length, after, reached)
  }

  /** In the place of the first span. */
  #replace(spans: readonly ReadSpan[]): void {
    this.#spans.splice(0, 1, ...spans)
    this.#page = undefined
    this.#last = undefined
  }

  /**
   * A paging state that is refused is no harm: what is left is asked for by key. What was too much is asked for in smaller
   * pieces.
   */
  async #recover(span: ReadSpan, error: unknown, waiting: Patience): Promise<void> {
    const { signal, pace } = this.#scope
    if (signal.aborted) throw signal.reason
    const wasShortCut = this.#page !== undefined
    if (!wasShortCut && !isWorthAnotherRead(error)) throw error
    if (this.#last !== undefined) this.#replace(spansBehind(this.#scope, span, this.#last))
    this.#page = undefined
    if (isTooMuch(error)) {
      pace.shrink()
      const [first] = this.#spans
      const smaller = first && halves(first)
      if (smaller !== undefined) this.#replace(smaller)
    }
    if (isWorthAnotherRead(error) && !(await waiting.pause(signal))) throw error
  }
}

const TWINS_AT_ONCE = 100

function placesOf(
  { partitionKey, clusteringKey }: CassandraTable,
  span: Exclude<ReadSpan, { readonly by: 'twins' }>,
  rows: readonly CassandraRow[],
): (index: number) => Place {
  const keyIndex = span.by === 'partition' ? span.keyIndex : undefined
  return (index) => {
    const row = rows[index] as CassandraRow
    const values = ({ name }: CassandraColumn): CqlValue => row[name] ?? null
    return {
      partition: partitionKey.map(values),
      clustering: clusteringKey.map(values),
      ...(keyIndex !== undefined && { keyIndex }),
    }
  }
}
