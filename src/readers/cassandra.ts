/** Reads a Cassandra table, or partitions of it, and goes on behind the last row after a restart. */
import { setMaxListeners } from 'node:events'
import type { z } from 'zod'
import type {
  CassandraClient,
  CassandraConsistency,
  CassandraRow,
  CassandraSession,
  SerialConsistency,
} from '../cassandra/cassandra-client.ts'
import { patience } from '../cassandra/patience.ts'
import { checkLayout, decodePosition } from '../cassandra/read-checkpoint.ts'
import { rowOfText, rowRefused } from '../cassandra/read-fault.ts'
import { checkIdentity, readIdentity } from '../cassandra/read-identity.ts'
import {
  checkRing,
  type ClusteringRange,
  type ColumnValues,
  matchTable,
  planRead,
  type ReadPlan,
  type ReadTarget,
} from '../cassandra/read-plan.ts'
import { fetchPace } from '../cassandra/scan/fetch-pace.ts'
import { orderedRows } from '../cassandra/scan/ordered-rows.ts'
import { rowReader } from '../cassandra/scan/row-reader.ts'
import type { Place } from '../cassandra/scan/read-span.ts'
import { type SpansToRead, spansToRead } from '../cassandra/scan/spans-to-read.ts'
import { type CqlTableName, lookUpTable } from '../cassandra/table-name.ts'
import type { TokenRange } from '../cassandra/token-ranges.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { untilAborted } from '../core/model/until-aborted.ts'
import type {
  ItemReader,
  OpenedReader,
  ParserScope,
  ReaderScope,
  RecordParser,
} from '../core/ports/item-reader.ts'
import { schemaValidation, withoutSchema } from '../core/model/row-validation.ts'

export type { ClusteringRange, ColumnValues }

export type CassandraReaderOptions<T> = CassandraReaderSettings<T> & CassandraReaderPart

export interface CassandraReaderSettings<T> {
  readonly client: CassandraClient
  /** `trade`, `accounts.trade`, or `{ keyspace, name }` where a name holds a dot. */
  readonly table: CqlTableName
  /** Of the items. @default all */
  readonly columns?: readonly string[]
  /** Checks each row and makes the item of it; a row that it refuses is a fault that names row and column. */
  readonly schema?: z.ZodType<T>
  /** @default 'local-quorum' */
  readonly consistency?: CassandraConsistency | SerialConsistency
  /** Rows in one answer; it is lowered for a while where servers do not manage so many in time. @default 2000 */
  readonly fetchSize?: number
  /** How many ranges or partitions are fetched at the same time, a page of each in memory. @default 4 */
  readonly concurrency?: number
}

/** What is read: the whole table, a range of its tokens, or partitions. */
export type CassandraReaderPart =
  | {
      /** As `cassandraPartitions` makes them. @default all tokens */
      readonly range?: TokenRange
      readonly keys?: never
      readonly clustering?: never
    }
  | {
      /** The values of the partition key, such as `{ state: 'TX' }`, in the order in which they are read. */
      readonly keys: readonly ColumnValues[]
      /** Which rows of each of them. @default all */
      readonly clustering?: ClusteringRange
      readonly range?: never
    }

/**
 * Reads a whole table in the order of its tokens, or named partitions one after the other; after a restart it goes on behind
 * the last committed row, by its token and key, whether that row is still there or not. Values lose nothing on the way: bigint and
 * varint are bigints, decimal, dates and UUIDs text.
 *
 * Cassandra has no snapshots: rows that are written meanwhile are seen where they stand behind the last row read, and not
 * where they stand before it.
 *
 * @throws BatchError INVALID_READER_OPTIONS at once for options that contradict themselves; when opened, for a table or a
 * column that does not exist.
 */
export function cassandraReader<T = CassandraRow>(options: CassandraReaderOptions<T>): ItemReader<T> {
  const plan = planRead(options)
  return {
    kind: 'cassandra',
    description: plan.description,
    open: (scope) => open(plan, options, scope),
    openParser: (scope) => openParser(plan, options, scope),
  }
}

async function open<T>(
  plan: ReadPlan,
  { client, schema }: CassandraReaderSettings<T>,
  scope: ReaderScope,
): Promise<OpenedReader<T>> {
  if (scope.from !== undefined) checkLayout(scope.from, plan.description)
  const closing = new AbortController()
  const signal = AbortSignal.any([scope.signal, closing.signal])
  setMaxListeners(0, signal)
  const session = await client.openSession({ signal })
  try {
    const table = await untilAborted(lookUpTable(session, plan.table, 'INVALID_READER_OPTIONS'), signal)
    const target = matchTable(plan, table)
    const identity = readIdentity(plan, target)
    if (scope.from !== undefined) checkIdentity(scope.from, identity, scope)
    const from = scope.from === undefined ? undefined : decodePosition(target, scope.from, plan.description)
    const spans = await untilAborted(spansOf(plan, target, session, from?.place), signal)
    const pace = fetchPace(plan.fetchSize)
    const { selected: columns } = target
    const { consistency, concurrency } = plan
    const reading = { session, table, columns, consistency, pace, source: spans.source, patience, signal }
    return {
      ...rowReader<T>({
        plan,
        target,
        identity,
        spans,
        rows: orderedRows(reading, { ...spans, concurrency }),
        items: from?.items ?? 0,
        validate: schema === undefined ? withoutSchema : schemaValidation(schema),
        signal,
      }),
      close: () => {
        closing.abort(new BatchError('ABORTED', `the reader of ${plan.description} was closed`))
        return session.close()
      },
    }
  } catch (error) {
    await session.close()
    throw error
  }
}

async function spansOf(
  plan: ReadPlan,
  target: ReadTarget,
  session: CassandraSession,
  behind: Place | undefined,
): Promise<SpansToRead> {
  if (target.partitions !== undefined)
    return spansToRead(plan, target, session, { partitioner: '', tokens: [] }, behind)
  const ring = await session.describeRing()
  checkRing(plan, ring)
  return spansToRead(plan, target, session, ring, behind)
}

/** Rows as `rowText` has kept them, through the schema as it is now. */
async function openParser<T>(
  plan: ReadPlan,
  { client, schema }: CassandraReaderSettings<T>,
  { signal }: ParserScope,
): Promise<RecordParser<T>> {
  const session = await client.openSession({ signal })
  try {
    const table = await untilAborted(lookUpTable(session, plan.table, 'INVALID_READER_OPTIONS'), signal)
    const { columns } = matchTable(plan, table)
    const validate = schema === undefined ? withoutSchema : schemaValidation(schema)
    return {
      parse: async (raw, position) => {
        const { items, refused } = await validate(1, () => rowOfText(columns, raw))
        return refused === undefined ? { item: items[0] as T } : { error: rowRefused(position, refused) }
      },
      close: () => session.close(),
    }
  } catch (error) {
    await session.close()
    throw error
  }
}
