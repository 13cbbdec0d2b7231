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
export { kafka, type Kafka, type TopicOptions } from './kafka.ts'
export { KafkaError, type KafkaErrorFacts } from './kafka-error.ts'
export type { KafkaOptions, KafkaSasl, KafkaTls, KafkaToken } from './kafka-options.ts'
