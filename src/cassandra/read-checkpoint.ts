/** Where a reader stands, as JSON: the last row's key. It does not depend on the cluster, so nodes may come and go. */
import { BatchError } from '../core/model/batch-error.ts'
import type { Checkpoint, JsonValue } from '../core/model/json-value.ts'
import type { CassandraColumn, CqlValue } from './cassandra-client.ts'
import type { ReadIdentity } from './read-identity.ts'
import type { ReadTarget } from './read-plan.ts'
import type { Place } from './scan/read-span.ts'
import { restoreValue, storeValue, type StoredValue } from './stored-value.ts'

export interface ReadPosition {
  /** Rows read so far. */
  readonly items: number
  readonly place: Place
}

export function encodePosition(
  { table }: ReadTarget,
  { items, place }: ReadPosition,
  input: ReadIdentity,
): Checkpoint {
  const { partition, clustering, keyIndex } = place
  return {
    items,
    ...(keyIndex === undefined ? { partition: stored(partition, table.partitionKey) } : { keyIndex }),
    clustering: stored(clustering, table.clusteringKey),
    input,
  }
}

function stored(values: readonly CqlValue[], columns: readonly CassandraColumn[]): readonly JsonValue[] {
  return columns.map(({ type }, index) => storeValue(values[index] ?? null, type))
}

/** @throws BatchError CHECKPOINT_REFUSED for one that is no reader's of this kind */
export function checkLayout(from: Checkpoint, source: string): void {
  const { items, keyIndex, partition, clustering, input } = (
    typeof from === 'object' && !Array.isArray(from) ? from : {}
  ) as Readonly<Record<string, JsonValue | undefined>>
  const isCount = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint'
  const isPlace = isCount(keyIndex) || Array.isArray(partition)
  if (isCount(items) && isPlace && Array.isArray(clustering) && typeof input === 'object') return
  throw refused(source, 'it is not one of its own')
}

/** @throws BatchError CHECKPOINT_REFUSED */
export function decodePosition(target: ReadTarget, from: Checkpoint, source: string): ReadPosition {
  const { partitionKey, clusteringKey } = target.table
  const kept = from as Readonly<Record<string, JsonValue | undefined>>
  const isByKeys = kept['keyIndex'] !== undefined
  if (isByKeys !== (target.partitions !== undefined))
    throw refused(source, isByKeys ? 'it stands in named partitions' : 'it stands in the whole table')
  const keyIndex = Number(kept['keyIndex'])
  const span = target.partitions?.[keyIndex]
  if (isByKeys && span === undefined)
    throw refused(source, `it stands in partition ${keyIndex + 1} of ${target.partitions?.length}`)
  try {
    const clustering = restored(kept['clustering'], clusteringKey)
    const items = Number(kept['items'])
    if (span !== undefined) return { items, place: { partition: span.from.key, clustering, keyIndex } }
    return { items, place: { partition: restored(kept['partition'], partitionKey), clustering } }
  } catch (cause) {
    throw refused(source, 'its key is not one of this table', cause)
  }
}

function restored(values: JsonValue | undefined, columns: readonly CassandraColumn[]): readonly CqlValue[] {
  if (!Array.isArray(values) || values.length !== columns.length)
    throw new TypeError('not a key of this table')
  return columns.map(({ type }, index) => restoreValue(values[index] as StoredValue, type))
}

function refused(source: string, reason: string, cause?: unknown): BatchError {
  return new BatchError(
    'CHECKPOINT_REFUSED',
    `the reader of ${source} cannot go on from its checkpoint: ${reason}; set the reader back, or launch a new job instance`,
    { details: { source }, cause },
  )
}
