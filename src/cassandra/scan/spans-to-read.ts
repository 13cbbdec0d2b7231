/** What is to be read of a table, from the beginning or behind a place, and how far that is. */
import type { ReadProgress } from '../../core/ports/item-reader.ts'
import type { CassandraRing, CassandraSession } from '../cassandra-client.ts'
import type { ReadPlan, ReadTarget } from '../read-plan.ts'
import { tokenSpan } from '../token-ranges.ts'
import {
  type PartitionReadSpan,
  type Place,
  type ReadSpan,
  spansBehind,
  type SpanScope,
} from './read-span.ts'
import { countRingRanges, cutRange, type SpanSource, spanList } from './span-source.ts'

export interface SpansToRead {
  /** What is left where an earlier execution has ended. */
  readonly first: readonly ReadSpan[]
  readonly source: SpanSource
  /** With the last row that was handed over; `end` when there is none behind it. */
  readonly progress: (last: Place | 'end' | undefined) => ReadProgress
}

export function spansToRead(
  plan: ReadPlan,
  target: ReadTarget,
  session: Pick<CassandraSession, 'locate'>,
  ring: CassandraRing,
  behind: Place | undefined,
): SpansToRead {
  const scope = { session, table: target.table }
  return target.partitions === undefined
    ? wholeTable(plan, scope, ring, behind)
    : namedPartitions(scope, target.partitions, behind)
}

/** In the order of the tokens, so that it does not matter to a restart how the ring is cut. */
function wholeTable(
  { range, fetchSize }: ReadPlan,
  scope: SpanScope,
  ring: CassandraRing,
  behind: Place | undefined,
): SpansToRead {
  const whole: ReadSpan = { by: 'token', from: tokenSpan(range) }
  const first = behind === undefined ? [] : spansBehind(scope, whole, behind)
  const tokenOf = ({ partition }: Place): bigint => scope.session.locate(scope.table, partition).token
  const after = behind === undefined ? range.after : tokenOf(behind)
  return {
    first: first.filter(({ by }) => by !== 'token'),
    source: cutRange({ after, upTo: range.upTo }, ring, fetchSize),
    progress: (last) => {
      const reached = last === 'end' ? range.upTo : last === undefined ? after : tokenOf(last)
      return { ...countRingRanges(ring, range, reached), unit: 'partitions' }
    },
  }
}

function namedPartitions(
  scope: SpanScope,
  partitions: readonly PartitionReadSpan[],
  behind: Place | undefined,
): SpansToRead {
  const index = behind?.keyIndex ?? -1
  const begun = partitions[index]
  const total = partitions.length
  return {
    first: behind === undefined || begun === undefined ? [] : spansBehind(scope, begun, behind),
    source: spanList(partitions.slice(index + 1)),
    progress: (last) => ({
      done: last === 'end' ? total : (last?.keyIndex ?? Math.max(index, 0)),
      total,
      unit: 'partitions',
    }),
  }
}
