/** Kafka through librdkafka: the client that readers and writers are given. */
import { BatchError } from '../core/model/batch-error.ts'
import { consumerSettings, producerSettings } from './client-settings.ts'
import type { ConfluentDriver, DriverProducer, DriverSettings } from './confluent-driver.ts'
import { closeDriver, connectDriver, type DriverTerms } from './connect-driver.ts'
import { driverConsumer } from './driver-consumer.ts'
import { driverSender, type Sender, sendFinding } from './driver-producer.ts'
import { driverTransactions } from './driver-transactions.ts'
import { ensureTopic, type TopicOptions } from './ensure-topic.ts'
import type {
  KafkaClient,
  KafkaConsumerOptions,
  KafkaProducer,
  KafkaProducerOptions,
} from './kafka-client.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'
import { brokersOf, connectionSettings, type KafkaOptions, secretsOf } from './kafka-options.ts'
import { loadDriver } from './load-driver.ts'
import { topicCatalog } from './topic-catalog.ts'
import { untilKnown } from './transaction-turns.ts'

export interface Kafka extends KafkaClient {
  /** Creates the topic where there is none of this name; one that is there stays as it is. */
  readonly ensureTopic: (topic: string, options?: TopicOptions) => Promise<'created' | 'there already'>
}

const TAKE_OVER_MILLISECONDS = 60_000
const TAKE_OVER_CALL_MILLISECONDS = 10_000

/**
 * A definition: the package `@confluentinc/kafka-javascript` is loaded, and brokers are asked, when something is opened.
 * Each consumer holds one of libuv's threads while it waits for records: set UV_THREADPOOL_SIZE where one process has many.
 *
 * @throws BatchError INVALID_CONFIGURATION at once for options that cannot be
 */
export function kafka(options: KafkaOptions): Kafka {
  const shared = connectionSettings(options)
  const terms = termsOf(options)
  return {
    description: terms.description,
    openConsumer: (consumer) => openConsumer(shared, terms, consumer),
    openProducer: (producer) => openProducer(shared, terms, producer),
    ensureTopic: (topic, topicOptions = {}) => ensureTopic(shared, terms, topic, topicOptions),
  }
}

function termsOf(options: KafkaOptions): DriverTerms {
  const { connectTimeoutMilliseconds = 10_000, patienceMilliseconds = 120_000 } = options
  const secrets = secretsOf(options)
  return {
    description: `kafka ${brokersOf(options).join(',')}`,
    connectTimeoutMilliseconds,
    patienceMilliseconds,
    redact: (message) => secrets.reduce((text, secret) => text.replaceAll(secret, '…'), message),
  }
}

async function openConsumer(shared: DriverSettings, terms: DriverTerms, options: KafkaConsumerOptions) {
  const driver = await loadDriver()
  const client = await connectDriver(
    driver.KafkaConsumer,
    consumerSettings(shared, options.group ?? 'batchwright', options.isolation),
    terms,
    options.signal,
  )
  return driverConsumer({ client, catalog: topicCatalog(driver, client, terms.description), terms, options })
}

async function openProducer(
  shared: DriverSettings,
  terms: DriverTerms,
  options: KafkaProducerOptions,
): Promise<KafkaProducer> {
  const driver = await loadDriver()
  const client = await connectDriver(
    driver.Producer,
    producerSettings(shared, options),
    terms,
    options.signal,
  )
  const catalog = topicCatalog(driver, client, terms.description)
  const sender = driverSender({ client, catalog, terms, options })
  const { transactionalId } = options
  if (transactionalId === undefined)
    return { send: (records) => sendFinding(sender.send, records), close: sender.close }
  try {
    return await transactionalProducer({ driver, shared, terms, client, sender, transactionalId, options })
  } catch (error) {
    await sender.close()
    throw error
  }
}

interface TransactionalParts {
  readonly driver: ConfluentDriver
  readonly shared: DriverSettings
  readonly terms: DriverTerms
  readonly client: DriverProducer
  readonly sender: Sender
  readonly transactionalId: string
  readonly options: KafkaProducerOptions
}

async function transactionalProducer(parts: TransactionalParts): Promise<KafkaProducer> {
  const { driver, shared, terms, client, sender, transactionalId, options } = parts
  const { signal } = options
  const settings = consumerSettings(shared, transactionalId, 'read_committed')
  const consumer = await connectDriver(driver.KafkaConsumer, settings, terms, signal)
  const closeConsumer = (): Promise<void> => closeDriver(consumer, (one, answer) => one.disconnect(answer))
  try {
    await takeOver(parts)
  } catch (error) {
    await closeConsumer()
    throw error
  }
  const { description } = terms
  const { sending, end, ...transactions } = driverTransactions({
    producer: client,
    consumer,
    transactionalId,
    description,
    signal,
  })
  return {
    send: (records) => sending(sender.send, records),
    transactions,
    close: async () => {
      await end()
      await Promise.all([closeConsumer(), sender.close()])
    },
  }
}

/** Aborts what another producer of this id has left open. */
async function takeOver({ client, transactionalId, terms, options }: TransactionalParts): Promise<void> {
  const { description } = terms
  const inTime = AbortSignal.timeout(TAKE_OVER_MILLISECONDS)
  const signal = AbortSignal.any([options.signal, inTime])
  try {
    await untilKnown(
      `${description}: taking over ${transactionalId}`,
      (answer) => client.initTransactions(TAKE_OVER_CALL_MILLISECONDS, answer),
      { transactionalId, signal },
    )
  } catch (error) {
    if (options.signal.aborted) throw error
    throw takeOverRefused(error, transactionalId, description, options)
  }
}

function takeOverRefused(
  error: unknown,
  transactionalId: string,
  description: string,
  { transactionTimeoutMilliseconds }: KafkaProducerOptions,
): unknown {
  if (error instanceof KafkaError && error.code === KAFKA_CODE.invalidTransactionTimeout) {
    return new BatchError(
      'INVALID_WRITER_OPTIONS',
      `${description}: a transaction timeout of ${transactionTimeoutMilliseconds} ms is more than the brokers allow (transaction.max.timeout.ms). Lower it.`,
      { details: { transactionTimeoutMilliseconds }, cause: error },
    )
  }
  if (error instanceof BatchError) return error
  return new BatchError(
    'SERVER_UNAVAILABLE',
    `${description}: the transactional id ${transactionalId} could not be taken over: ${error instanceof KafkaError ? error.message : `no answer within ${TAKE_OVER_MILLISECONDS} ms`}. ` +
      'See whether the brokers are up and allow it.',
    { details: { transactionalId }, cause: error },
  )
}
