/** Kafka's own numbers for what has gone wrong, as far as they mean something here: from 0 on brokers', below it the client's. */

export const KAFKA_CODE = {
  unknownTopic: 3,
  recordTooLarge: 10,
  invalidTopic: 17,
  batchTooLarge: 18,
  invalidTimestamp: 32,
  topicExists: 36,
  refusedByPolicy: 44,
  outOfOrderSequence: 45,
  invalidProducerEpoch: 47,
  invalidTransactionTimeout: 50,
  /** A record without a key for a compacted topic, say. */
  invalidRecordForTopic: 87,
  producerFenced: 90,
  unspecified: -1,
  /** Another record of the batch was refused. */
  refusedWithBatch: -138,
  noOffset: -140,
  fenced: -144,
  fatal: -150,
  purgedInFlight: -151,
  purgedInQueue: -152,
  state: -172,
  queueFull: -184,
  timedOut: -185,
  invalidRecord: -186,
  unknownTopicHere: -188,
  unknownPartition: -190,
  recordTimedOut: -192,
  transport: -195,
} as const
