/** How records come into the log in memory, and why they do not. */
import type { KafkaOutput, KafkaSendFailure } from '../../kafka/kafka-client.ts'
import { KAFKA_CODE } from '../../kafka/kafka-code.ts'
import { KafkaError } from '../../kafka/kafka-error.ts'
import { noSuchPartitionToWrite, noSuchTopicToWrite } from '../../kafka/kafka-refusals.ts'
import { partitionOfKey } from '../../kafka/murmur2.ts'
import { refusalOf } from '../../kafka/record-refusal.ts'
import type { MemoryBroker, MemoryTopic } from './memory-broker.ts'
import type { LogTransaction } from './partition-log.ts'

export interface Sent {
  readonly failures: readonly KafkaSendFailure[]
  /** Some have failed on their way, and not by a refusal before it: their transaction cannot be committed. */
  readonly breaksTransaction: boolean
}

/** Those that are not in the log have failed, as planned or for a reason. */
export function sendRecords(
  broker: MemoryBroker,
  records: readonly KafkaOutput[],
  transaction: LogTransaction | undefined,
): Sent {
  const failures: KafkaSendFailure[] = []
  let breaksTransaction = false
  for (const [index, record] of records.entries()) {
    const onItsWay = failureOf(broker, record)
    breaksTransaction ||= onItsWay !== undefined
    const error = onItsWay ?? refusedAsBySender(broker, record) ?? appendRecord(broker, record, transaction)
    if (error !== undefined) failures.push({ index, error })
  }
  return { failures, breaksTransaction }
}

function failureOf(broker: MemoryBroker, record: KafkaOutput): Error | undefined {
  if (broker.isAway()) return new KafkaError('the brokers are away', { code: KAFKA_CODE.recordTimedOut })
  return broker.failures.sending(record)
}

/** What the real client cannot send is refused here too, so that a job's tests find it. */
function refusedAsBySender({ topics }: MemoryBroker, record: KafkaOutput): Error | undefined {
  const topic = topics.get(record.topic)
  if (topic === undefined) return refusalOf(record, undefined)
  const partitions = topic.partitions.map((_, partition) => partition)
  return refusalOf(record, { id: topic.id, partitions })
}

/** Answers why the record is not in the log. */
export function appendRecord(
  broker: MemoryBroker,
  record: KafkaOutput,
  transaction: LogTransaction | undefined,
): Error | undefined {
  const topic = broker.topics.get(record.topic)
  if (topic === undefined) return noSuchTopicToWrite(record.topic)
  if (sizeOf(record) > topic.maxRecordBytes) return tooLarge(record, topic)
  const place = { topic: topic.name, partition: partitionOf(record, topic) }
  const log = topic.partitions[place.partition]
  if (log === undefined) return noSuchPartitionToWrite(place, topic.partitions.length)
  const { key, value, headers, timestamp = broker.clock.now().getTime() } = record
  log.append({ ...place, key, value, headers, timestamp }, transaction)
  return undefined
}

function partitionOf({ partition, key }: KafkaOutput, topic: MemoryTopic): number {
  if (partition !== undefined) return partition
  if (key !== null) return partitionOfKey(key, topic.partitions.length)
  return topic.keyless++ % topic.partitions.length
}

function sizeOf({ key, value, headers }: KafkaOutput): number {
  const inHeaders = headers.reduce((sum, one) => sum + Buffer.byteLength(one.name) + one.value.length, 0)
  return (key?.length ?? 0) + (value?.length ?? 0) + inHeaders
}

function tooLarge(record: KafkaOutput, { name, maxRecordBytes }: MemoryTopic): KafkaError {
  return new KafkaError(
    `a record of ${sizeOf(record)} bytes: topic ${name} takes at most ${maxRecordBytes}`,
    {
      code: KAFKA_CODE.recordTooLarge,
      retriable: false,
    },
  )
}
