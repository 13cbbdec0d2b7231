/** What is left to be read, as spans one after the other, and how to go on behind a row. */
import type {
  CassandraSession,
  CassandraTable,
  CqlValue,
  PartitionLocation,
  PartitionSpan,
  TokenSpan,
} from '../cassandra-client.ts'
import { tokenRange, tokenSpan } from '../token-ranges.ts'

export type PartitionKeyValues = readonly CqlValue[]

/** Where a row stands. */
export interface Place {
  readonly partition: PartitionKeyValues
  readonly clustering: readonly CqlValue[]
  /** Of a read by keys: which of them. */
  readonly keyIndex?: number
}

export type ReadSpan = TokenReadSpan | PartitionReadSpan | TwinsReadSpan

export interface TokenReadSpan {
  readonly by: 'token'
  readonly from: TokenSpan
}

/** A partition, or what is left of it. */
export interface PartitionReadSpan {
  readonly by: 'partition'
  readonly from: PartitionSpan
  readonly keyIndex?: number
}

/** The partitions that have the token of another one and stand behind it: hardly ever there are any. */
export interface TwinsReadSpan {
  readonly by: 'twins'
  readonly behind: PartitionLocation
}

/**
 * What is left of a span behind one of its rows. Nothing is read twice, however wide the row's partition is, and whether the
 * row is still there or not.
 */
export function spansBehind(
  { session, table }: SpanScope,
  span: ReadSpan,
  place: Place,
): readonly ReadSpan[] {
  if (span.by === 'twins') return [span]
  if (span.by === 'partition') return restOfPartition(table, span, place.clustering)
  const { partition: key } = place
  const behind = session.locate(table, key)
  const partition: PartitionReadSpan = { by: 'partition', from: { by: 'partition', key } }
  return [
    ...restOfPartition(table, partition, place.clustering),
    { by: 'twins', behind },
    ...tokensBehind(span, behind.token),
  ]
}

export interface SpanScope {
  readonly session: Pick<CassandraSession, 'locate'>
  readonly table: CassandraTable
}

function tokensBehind({ from }: TokenReadSpan, token: bigint): readonly TokenReadSpan[] {
  const { upTo } = tokenRange(from)
  return token >= upTo ? [] : [{ by: 'token', from: tokenSpan({ after: token, upTo }) }]
}

/**
 * In the order of the partition: first the rows that share all clustering columns but the last with the row, then all but the last
 * two … Directions may be mixed, which a single comparison could not say. A row without clustering values is all that its
 * partition has: its static columns.
 */
function restOfPartition(
  { clusteringKey }: CassandraTable,
  span: PartitionReadSpan,
  after: readonly CqlValue[],
): readonly PartitionReadSpan[] {
  if (after.some((value) => value === null)) return []
  const { key, equals = [], lower, upper } = span.from
  const rest: PartitionReadSpan[] = []
  for (let level = clusteringKey.length - 1; level >= equals.length; level -= 1) {
    const beyond = { value: after[level] as CqlValue, inclusive: false }
    const isOutermost = level === equals.length
    const bounds =
      clusteringKey[level]?.order === 'desc'
        ? { upper: beyond, ...(isOutermost && lower !== undefined && { lower }) }
        : { lower: beyond, ...(isOutermost && upper !== undefined && { upper }) }
    rest.push({ ...span, from: { by: 'partition', key, equals: after.slice(0, level), ...bounds } })
  }
  return rest
}

/** Both halves of a span of tokens; undefined where there is nothing to halve. */
export function halves(span: ReadSpan): readonly ReadSpan[] | undefined {
  if (span.by !== 'token') return undefined
  const { after, upTo } = tokenRange(span.from)
  const middle = after + (upTo - after) / 2n
  if (middle === after) return undefined
  return [
    { by: 'token', from: tokenSpan({ after, upTo: middle }) },
    { by: 'token', from: tokenSpan({ after: middle, upTo }) },
  ]
}
