/** The settings of librdkafka that make a consumer and a producer keep the port's promises. */
import type { DriverSettings } from './confluent-driver.ts'
import type { KafkaConsumerOptions, KafkaProducerOptions } from './kafka-client.ts'

export function consumerSettings(
  shared: DriverSettings,
  group: string,
  isolation: KafkaConsumerOptions['isolation'],
): DriverSettings {
  return {
    // An end is told behind a fetch that has waited so long in vain.
    'fetch.wait.max.ms': 100,
    // The default lets a full queue wait for a second before it is filled again.
    'fetch.queue.backoff.ms': 20,
    'check.crcs': true,
    ...shared,
    'group.id': group,
    'isolation.level': isolation,
    'enable.auto.commit': false,
    'enable.auto.offset.store': false,
    'enable.partition.eof': true,
    'auto.offset.reset': 'error',
  }
}

export function producerSettings(shared: DriverSettings, options: KafkaProducerOptions): DriverSettings {
  const { compression, transactionalId, transactionTimeoutMilliseconds, deliveryTimeoutMilliseconds } =
    options
  return {
    'linger.ms': 2,
    // Records of a topic that is gone fail after this time, and not only at their delivery timeout.
    'topic.metadata.propagation.max.ms': 5000,
    ...shared,
    'enable.idempotence': true,
    acks: 'all',
    partitioner: 'murmur2_random',
    'compression.type': compression,
    dr_cb: true,
    ...(transactionalId === undefined
      ? { 'delivery.timeout.ms': deliveryTimeoutMilliseconds }
      : {
          'transactional.id': transactionalId,
          'transaction.timeout.ms': transactionTimeoutMilliseconds,
          // librdkafka refuses more.
          'delivery.timeout.ms': Math.min(deliveryTimeoutMilliseconds, transactionTimeoutMilliseconds),
        }),
  }
}
