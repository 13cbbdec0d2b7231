/** Kafka, and what else speaks its protocol: the client, and the port that another client would stand behind. */
export {
  type IsolationLevel,
  ISOLATION_LEVELS,
  type KafkaBounds,
  type KafkaClient,
  type KafkaCompression,
  KAFKA_COMPRESSIONS,
  type KafkaConsumer,
  type KafkaConsumerOptions,
  type KafkaGroupOffset,
  type KafkaHeader,
  type KafkaLogRecord,
  type KafkaOutput,
  type KafkaPoll,
  type KafkaPosition,
  type KafkaProducer,
  type KafkaProducerOptions,
  type KafkaSendFailure,
  type KafkaTopic,
  type KafkaTransactions,
  type TopicPartition,
} from './kafka-client.ts'
export { bytes, type FormatPlace, json, type KafkaFormat, text } from './formats.ts'
export type { TopicOptions } from './ensure-topic.ts'
export { kafka, type Kafka } from './kafka.ts'
export { KafkaError, type KafkaErrorFacts } from './kafka-error.ts'
export { kafkaPartitions, type KafkaPartitionsOptions, type KafkaPartitionValue } from './kafka-partitions.ts'
export type { KafkaRecord } from './kafka-record.ts'
export type { KafkaOutgoing } from './outgoing.ts'
export type { KafkaEdge } from './read-window.ts'
export type { WindowOptions } from './window-options.ts'
export type { KafkaOptions, KafkaSasl, KafkaTls, KafkaToken } from './kafka-options.ts'
