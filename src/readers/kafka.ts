/** Reads a Kafka-protocol log up to where it ended when the step began, and goes on at the exact offsets after a restart. */
import type { ItemReader } from '../core/ports/item-reader.ts'
import { bytes, type KafkaFormat } from '../kafka/formats.ts'
import type { KafkaClient } from '../kafka/kafka-client.ts'
import { KAFKA_READER_KIND } from '../kafka/kafka-checkpoint.ts'
import { type KafkaRecord, decodeRecords, type RecordFormats } from '../kafka/kafka-record.ts'
import { type KafkaPartitionValue, windowOfPartition } from '../kafka/kafka-partitions.ts'
import { type LogPlan, openLog } from '../kafka/open-log.ts'
import { decodeRawRecord } from '../kafka/raw-record.ts'
import { planWindow, type WindowOptions } from '../kafka/window-options.ts'

export type KafkaReaderOptions<V, K> = KafkaReaderSource & KafkaReaderSettings<V, K>

export type KafkaReaderSource =
  | (WindowOptions & { readonly partition?: never })
  | {
      /** One partition of the plan that `kafkaPartitions` has made: the value of the step's partition. */
      readonly partition: KafkaPartitionValue
      readonly topic?: never
      readonly partitions?: never
      readonly startAt?: never
      readonly endAt?: never
      readonly isolation?: never
    }

export interface KafkaReaderSettings<V, K> {
  /** `kafka({ brokers })` of `batchwright/kafka`, or `memoryKafka()` of `batchwright/testing`. */
  readonly client: KafkaClient
  /** How values stand in the log. @default bytes */
  readonly value?: KafkaFormat<V>
  /** How keys do. @default bytes */
  readonly key?: KafkaFormat<K>
  /**
   * A consumer group whose offsets follow the step's commits, so that tools which watch groups see how far it has come. The step
   * itself never reads them. @default none
   */
  readonly group?: string
}

/**
 * Where each partition ends is settled when the step begins and kept with the checkpoint: that is read, and no more, whatever is
 * added meanwhile, also by restarts. Under `read_committed` records of aborted or open transactions are never seen. With a writer
 * into the repository's database each record is written exactly once, since its offset is committed with the rows.
 *
 * A record whose key or value cannot be read is a fault that names topic, partition and offset.
 *
 * @throws BatchError INVALID_READER_OPTIONS at once for options that contradict themselves; when opened, for topics, partitions and
 * offsets that are not there. INPUT_CHANGED where records that were to be read are gone, or the topic is another one.
 */
export function kafkaReader<V = Buffer | null, K = Buffer | null>(
  options: KafkaReaderOptions<V, K>,
): ItemReader<KafkaRecord<V, K>> {
  const plan = planLog(options)
  return {
    kind: KAFKA_READER_KIND,
    description: plan.window.description,
    open: (scope) => openLog(plan, scope),
    openParser: async () => ({
      parse: async (raw, position) => {
        const { items, refused } = await decodeRecords([decodeRawRecord(raw, position)], plan.formats)
        const [item] = items
        return item === undefined ? { error: refused ?? new Error('no record') } : { item }
      },
      close: async () => {},
    }),
  }
}

function planLog<V, K>(options: KafkaReaderOptions<V, K>): LogPlan<V, K> {
  const { client, group } = options
  const parts = { client, group, formats: formatsOf(options) }
  if (options.partition === undefined) return { ...parts, window: planWindow(options), settled: undefined }
  const settled = windowOfPartition(options.partition)
  const { topic, partition } = options.partition
  const window = planWindow({ topic, partitions: [partition], isolation: settled.isolation })
  return { ...parts, window, settled }
}

/** Without formats the types are those of bytes: their defaults say so. */
function formatsOf<V, K>({ key, value }: KafkaReaderSettings<V, K>): RecordFormats<V, K> {
  const asTheyAre = bytes as unknown
  return { key: key ?? (asTheyAre as KafkaFormat<K>), value: value ?? (asTheyAre as KafkaFormat<V>) }
}
