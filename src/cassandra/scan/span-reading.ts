/** Reads the spans of a list one after the other, page by page, and finds its way on where a page cannot be had. */
import type {
  CassandraConsistency,
  CassandraPage,
  CassandraRow,
  CassandraSession,
  CassandraTable,
  CqlValue,
  SerialConsistency,
} from '../cassandra-client.ts'
import { isTooMuch, isWorthAnotherRead } from '../cassandra-trouble.ts'
import { orAborted } from '../or-aborted.ts'
import type { Patience } from '../patience.ts'
import { valueKey } from '../stored-value.ts'
import { tokenRange } from '../token-ranges.ts'
import type { FetchPace } from './fetch-pace.ts'
import { halves, type PartitionKeyValues, type Place, type ReadSpan, spansBehind } from './read-span.ts'
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

  /** Asks for the next page, whose failure belongs to the `read` that wants it. */
  begin(): void {
    if (this.#pending !== undefined) return
    this.#pending = this.#fetch()
    this.#pending.catch(() => {})
  }

  /** Undefined at the end. After a rejection it may be called again, and goes on behind the last page. */
  async read(): Promise<ReadRows | undefined> {
    const isFetchedAhead = this.#pending !== undefined
    this.begin()
    try {
      return await this.#pending
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
    return orAborted(page, signal)
  }

  /** Usually it answers the partition that was read and no other. */
  async #twins(span: Extract<ReadSpan, { readonly by: 'twins' }>): Promise<readonly ReadSpan[]> {
    const { session, table, consistency, signal } = this.#scope
    const columns = table.partitionKey.map(({ name }) => name)
    const from = { by: 'token', after: span.token - 1n, upTo: span.token } as const
    const known = new Set(span.twins.map((key) => partitionText(table, key)))
    const read = [...span.twins]
    const found: ReadSpan[] = []
    let page: string | undefined
    do {
      const select = { table, columns, from, distinct: true, fetchSize: TWINS_AT_ONCE, consistency }
      const answer: CassandraPage = await orAborted(
        session.select({ ...select, ...(page !== undefined && { page }) }),
        signal,
      )
      for (const row of answer.rows) {
        const key = columns.map((name) => row[name] as CqlValue)
        if (known.has(partitionText(table, key))) continue
        found.push({
          by: 'partition',
          from: { by: 'partition', key },
          token: span.token,
          twins: [...read],
        })
        read.push(key)
      }
      page = answer.next
    } while (page !== undefined)
    return found
  }

  #take(span: Exclude<ReadSpan, { readonly by: 'twins' }>, page: CassandraPage): ReadRows {
    const { pace, source } = this.#scope
    pace.grow()
    const places = placesOf(this.#scope.table, span, page, this.#last)
    const last = places(page.rows.length - 1)
    if (span.by === 'token' && this.#page === undefined) {
      const { after, upTo } = tokenRange(span.from)
      source.learn(page.rows.length, after, page.next === undefined ? upTo : (page.tokens.at(-1) ?? upTo))
    }
    this.#page = page.next
    this.#last = last ?? this.#last
    if (page.next === undefined) this.#replace([])
    return { rows: page.rows, placeOf: (index) => places(index) as Place }
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
    const { signal, table, pace } = this.#scope
    if (signal.aborted) throw signal.reason
    const wasShortCut = this.#page !== undefined
    if (!wasShortCut && !isWorthAnotherRead(error)) throw error
    if (this.#last !== undefined) this.#replace(spansBehind(table, span, this.#last))
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

function partitionText({ partitionKey }: CassandraTable, key: PartitionKeyValues): string {
  return partitionKey.map(({ type }, index) => valueKey(key[index] ?? null, type)).join('\0')
}

const NONE: readonly PartitionKeyValues[] = []

/** Undefined for an index that the page does not have. */
function placesOf(
  table: CassandraTable,
  span: Exclude<ReadSpan, { readonly by: 'twins' }>,
  page: CassandraPage,
  before: Place | undefined,
): (index: number) => Place | undefined {
  const { rows, tokens } = page
  const partitionAt = (index: number): PartitionKeyValues =>
    table.partitionKey.map(({ name }) => rows[index]?.[name] ?? null)
  const twins = span.by === 'token' ? twinsOf(table, page, partitionAt, before) : undefined
  return (index) => {
    const row = rows[index]
    if (row === undefined) return undefined
    const place = {
      partition: partitionAt(index),
      clustering: table.clusteringKey.map(({ name }) => row[name] ?? null),
    }
    if (span.by === 'token')
      return { ...place, token: tokens[index] as bigint, twins: twins?.get(index) ?? NONE }
    const { token, keyIndex } = span
    return {
      ...place,
      twins: span.twins,
      ...(token !== undefined && { token }),
      ...(keyIndex !== undefined && { keyIndex }),
    }
  }
}

/** By the index of the row; hardly any page has one. */
function twinsOf(
  { partitionKey }: CassandraTable,
  { rows, tokens }: CassandraPage,
  partitionAt: (index: number) => PartitionKeyValues,
  before: Place | undefined,
): ReadonlyMap<number, readonly PartitionKeyValues[]> | undefined {
  let found: Map<number, readonly PartitionKeyValues[]> | undefined
  let earlier = before?.twins ?? NONE
  for (let index = 0; index < tokens.length; index += 1) {
    const tokenBefore = index === 0 ? before?.token : tokens[index - 1]
    if (tokens[index] !== tokenBefore) earlier = NONE
    else if (!isSamePartition(partitionKey, rows, index, before)) {
      const last = index === 0 ? (before?.partition ?? []) : partitionAt(index - 1)
      earlier = [...earlier, last]
    }
    if (earlier !== NONE) (found ??= new Map()).set(index, earlier)
  }
  return found
}

/** As the row before. Most keys are texts and numbers, which need no other comparison. */
function isSamePartition(
  partitionKey: CassandraTable['partitionKey'],
  rows: readonly CassandraRow[],
  index: number,
  before: Place | undefined,
): boolean {
  return partitionKey.every(({ name, type }, place) => {
    const value = rows[index]?.[name] ?? null
    const last = (index === 0 ? before?.partition[place] : rows[index - 1]?.[name]) ?? null
    return value === last || (typeof value === 'object' && valueKey(value, type) === valueKey(last, type))
  })
}
