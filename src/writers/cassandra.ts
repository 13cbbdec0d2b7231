/** Writes items into a Cassandra table: inserts, updates and deletes, side by side. */
import { untilAborted } from '../core/model/until-aborted.ts'
import { setMaxListeners } from 'node:events'
import type { CassandraClient } from '../cassandra/cassandra-client.ts'
import { describeName, lookUpTable } from '../cassandra/table-name.ts'
import { inFlightLimit } from '../cassandra/write/in-flight-limit.ts'
import { mutationMaker } from '../cassandra/write/item-mutation.ts'
import type { Sending } from '../cassandra/write/send-request.ts'
import { writeChunk } from '../cassandra/write/write-chunk.ts'
import {
  type AcceptsRepeats,
  type CassandraWriterColumns,
  type MutationOperation,
  planWrite,
  type WriteCondition,
  type WriteRequest,
  type WritePlan,
} from '../cassandra/write/write-plan.ts'
import { matchTable } from '../cassandra/write/write-target.ts'
import type { ItemSink, ItemWriter, WriterScope } from '../core/ports/item-writer.ts'

export type { AcceptsRepeats, CassandraWriterColumns, MutationOperation, WriteCondition }

export interface CassandraWriterOptions<T> extends WriteRequest<T> {
  readonly client: CassandraClient
}

/** The same, where the item type is not said but follows from the columns. */
export interface CassandraWriterOptionsByColumns<C extends string> extends Omit<
  CassandraWriterOptions<object>,
  'columns' | 'operation' | 'ttl' | 'timestamp'
> {
  /** The item's keys, or a mapping from each column to the item's key. */
  readonly columns: readonly C[] | Readonly<Record<string, C>>
  readonly operation?: MutationOperation
  readonly ttl?: number
  readonly timestamp?: 'execution'
}

/**
 * Every write of a chunk is acknowledged before its progress is committed; after a crash the last chunk is written again, which
 * changes nothing: `idempotent`. Counters, appended elements and conditions are not the same when they are done twice:
 * `at-least-once`, to be accepted by word. Table, columns and keys are checked when the step begins.
 *
 * Items of a chunk with one key are written in their order. An item that cannot be written is named, so that it alone is
 * retried or skipped.
 *
 * @throws BatchError INVALID_WRITER_OPTIONS at once for options that contradict themselves; when opened, for a table or a
 * column that does not exist.
 */
export function cassandraWriter<T extends object>(options: CassandraWriterOptions<T>): ItemWriter<T>
export function cassandraWriter<C extends string>(
  options: CassandraWriterOptionsByColumns<C>,
): ItemWriter<{ readonly [K in C]: unknown }>
export function cassandraWriter<T extends object>(options: CassandraWriterOptions<T>): ItemWriter<T> {
  const plan = planWrite(options)
  return {
    kind: 'cassandra',
    description: describePlan(plan),
    guarantee: plan.guarantee,
    open: (scope) => openSink(plan, options.client, scope),
  }
}

function describePlan<T>({ operation, table, condition, isCounter, appended }: WritePlan<T>): string {
  const verb = typeof operation === 'function' ? 'insert, update or delete' : operation
  const how = [
    ...(isCounter ? ['counters'] : []),
    ...(appended.length > 0 ? [`appending to ${appended.join(', ')}`] : []),
    ...(condition === undefined
      ? []
      : [condition.when === 'exists' ? 'if it exists' : 'if it does not exist']),
  ]
  const place = operation === 'insert' ? 'into' : operation === 'delete' ? 'from' : 'in'
  return `${verb} ${place} cassandra table ${describeName(table)}${how.length === 0 ? '' : ` (${how.join('; ')})`}`
}

async function openSink<T>(
  plan: WritePlan<T>,
  client: CassandraClient,
  scope: WriterScope,
): Promise<ItemSink<T>> {
  // Each write that waits for another attempt listens to it.
  const signal = AbortSignal.any([scope.signal])
  setMaxListeners(0, signal)
  const session = await client.openSession({ signal })
  try {
    const table = await untilAborted(lookUpTable(session, plan.table, 'INVALID_WRITER_OPTIONS'), signal)
    const make = mutationMaker(plan, matchTable(plan, table), new Date())
    const sending: Sending = { session, plan, limit: inFlightLimit(plan.concurrency), signal }
    return {
      write: (items) => writeChunk(sending, make, items, plan.inBatches),
      close: () => session.close(),
    }
  } catch (error) {
    await session.close()
    throw error
  }
}
