/** What cannot be sent as it is: refused here, with a reason, where the driver would send something else or never answer. */
import type { KafkaOutput, KafkaTopic } from './kafka-client.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'
import { noSuchPartitionToWrite, noSuchTopicToWrite } from './kafka-refusals.ts'

/** `topic` as it is there; undefined where it is not. */
export function refusalOf(record: KafkaOutput, topic: KafkaTopic | undefined): KafkaError | undefined {
  const { value, timestamp, partition } = record
  if (value !== null && value.length === 0) {
    return invalid(
      'an empty value: the Kafka client would send a tombstone in its place. Send null, or at least a byte',
    )
  }
  if (timestamp !== undefined && !(Number.isInteger(timestamp) && timestamp > 0)) {
    return invalid(`the timestamp ${timestamp}: the Kafka client sends whole milliseconds behind 1970 only`)
  }
  if (topic === undefined) return noSuchTopicToWrite(record.topic)
  if (partition !== undefined && !topic.partitions.includes(partition)) {
    return noSuchPartitionToWrite({ topic: record.topic, partition }, topic.partitions.length)
  }
  return undefined
}

function invalid(reason: string): KafkaError {
  return new KafkaError(reason, { code: KAFKA_CODE.invalidRecord, retriable: false })
}
