/** Records as items: decoded, or named with what is wrong with them. */
import type { z } from 'zod'
import { BatchError } from '../core/model/batch-error.ts'
import { thrownText } from '../core/model/error-description.ts'
import { describePosition, type Position } from '../core/ports/item-reader.ts'
import type { FormatPlace, KafkaFormat } from './formats.ts'
import type { KafkaHeader, KafkaLogRecord } from './kafka-client.ts'

/** What `kafkaReader` hands over. */
export interface KafkaRecord<V, K = Buffer | null> {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** Undefined where the record has none. */
  readonly timestamp: Date | undefined
  readonly key: K
  readonly value: V
  /** In their order; a name may stand there several times. */
  readonly headers: readonly KafkaHeader[]
}

export interface RecordFormats<V, K> {
  readonly key: KafkaFormat<K>
  readonly value: KafkaFormat<V>
}

/** The items up to the first record that could not be made into one. */
export interface DecodedRecords<V, K> {
  readonly items: readonly KafkaRecord<V, K>[]
  readonly refused: Error | undefined
}

/** Waits only for formats that answer promises. */
export async function decodeRecords<V, K>(
  records: readonly KafkaLogRecord[],
  { key, value }: RecordFormats<V, K>,
): Promise<DecodedRecords<V, K>> {
  const items: KafkaRecord<V, K>[] = []
  for (const record of records) {
    const { topic } = record
    let part: FormatPlace['part'] = 'key'
    try {
      const readKey = key.read(record.key, { topic, part })
      const decodedKey = readKey instanceof Promise ? await readKey : readKey
      part = 'value'
      const readValue = value.read(record.value, { topic, part })
      const decodedValue = readValue instanceof Promise ? await readValue : readValue
      items.push(recordItem(record, decodedKey, decodedValue))
    } catch (error) {
      return { items, refused: refusal(record, part, error) }
    }
  }
  return { items, refused: undefined }
}

export function positionOf({ topic, partition, offset }: KafkaLogRecord): Position {
  return { topic, partition, offset }
}

function recordItem<V, K>(
  { topic, partition, offset, timestamp, headers }: KafkaLogRecord,
  key: K,
  value: V,
): KafkaRecord<V, K> {
  const at = timestamp === undefined ? undefined : new Date(timestamp)
  return { topic, partition, offset, timestamp: at, key, value, headers }
}

function refusal(record: KafkaLogRecord, part: FormatPlace['part'], error: unknown): BatchError {
  const { topic, partition, offset } = record
  return new BatchError(
    'READ_FAILED',
    `${describePosition(positionOf(record))}: the ${part} cannot be read: ${reasonOf(error)}`,
    { details: { topic, partition, offset: String(offset), part }, cause: error },
  )
}

function reasonOf(error: unknown): string {
  const { issues } = (error ?? {}) as { readonly issues?: readonly z.core.$ZodIssue[] }
  if (!Array.isArray(issues)) return thrownText(error)
  return (issues as readonly z.core.$ZodIssue[])
    .map(({ path, message }) => [path.map(String).join('.'), message].filter((one) => one !== '').join(': '))
    .join('; ')
}
