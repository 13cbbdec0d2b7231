/** Writes records into a Kafka-protocol log: acknowledged by all replicas, and exactly once where it is asked for. */
import { BatchError, isBatchError } from '../core/model/batch-error.ts'
import type { ItemSink, ItemWriter, WriterScope } from '../core/ports/item-writer.ts'
import { type ItemFailure, itemsFailed } from '../core/ports/items-failed.ts'
import { json, type KafkaFormat } from '../kafka/formats.ts'
import {
  KAFKA_COMPRESSIONS,
  type KafkaClient,
  type KafkaCompression,
  type KafkaProducer,
  type KafkaTransactions,
} from '../kafka/kafka-client.ts'
import { type EncodedItems, encodeItems, type KafkaOutgoing, type OutgoingPlan } from '../kafka/outgoing.ts'
import { transactionMarks } from '../kafka/transaction-marks.ts'

export interface KafkaWriterOptions<T, V, K> {
  /** `kafka({ brokers })` of `batchwright/kafka`, or `memoryKafka()` of `batchwright/testing`. */
  readonly client: KafkaClient
  /** It must exist. @default each record names its own */
  readonly topic?: string
  /** How values stand in the log. @default json() */
  readonly value?: Pick<KafkaFormat<V>, 'write'>
  /** How keys do. @default text, or bytes where it is a Buffer */
  readonly key?: Pick<KafkaFormat<K>, 'write'>
  /** What becomes of an item: `(trade: Trade) => ({ key: trade.isin, value: trade })`. */
  readonly record: (item: T) => KafkaOutgoing<NoInfer<V>, NoInfer<K>>
  /** @default 'lz4' */
  readonly compression?: KafkaCompression
  /** How long the client tries to send a record, through the absence of brokers, before it has failed. @default 120_000 */
  readonly deliveryTimeoutMilliseconds?: number
  /**
   * Each chunk in a transaction of Kafka's, which keeps how far the step has come: each item is in the log once, whatever dies.
   * It costs some ten milliseconds a chunk. Readers must be `read_committed`, as `kafkaReader` is. @default false
   */
  readonly transactional?: boolean | KafkaTransactionOptions
}

export interface KafkaTransactionOptions {
  /**
   * A chunk that takes longer is aborted by the broker, and the step fails. Not over the brokers' transaction.max.timeout.ms.
   * @default 60_000
   */
  readonly timeoutMilliseconds?: number
  /** The transactional ids, and the groups of the same names, begin so: for the brokers' access control. @default 'batchwright' */
  readonly idPrefix?: string
  /** The group's offsets of this topic say how far a step has come that reads no log. It must exist. @default the writer's topic */
  readonly progressTopic?: string
}

/** @throws BatchError INVALID_WRITER_OPTIONS at once for options that are none; when opened, for a topic that does not exist */
export function kafkaWriter<T, V = unknown, K = string | Buffer | null>(
  options: KafkaWriterOptions<T, V, K>,
): ItemWriter<T> {
  checkOptions(options)
  const { topic } = options
  const writer = {
    kind: 'kafka',
    description: topic === undefined ? 'kafka topics, by item' : `kafka topic ${topic}`,
    open: (scope: WriterScope) => openSink(options, scope),
  }
  if (transactionOptions(options) === undefined) return { ...writer, guarantee: 'at-least-once' }
  return { ...writer, guarantee: 'transactional', hasOwnTransaction: true }
}

const DELIVERY_TIMEOUT_MILLISECONDS = 120_000
const TRANSACTION_TIMEOUT_MILLISECONDS = 60_000

async function openSink<T, V, K>(
  options: KafkaWriterOptions<T, V, K>,
  scope: WriterScope,
): Promise<ItemSink<T>> {
  const {
    client,
    topic,
    compression = 'lz4',
    deliveryTimeoutMilliseconds = DELIVERY_TIMEOUT_MILLISECONDS,
  } = options
  const transactional = transactionOptions(options)
  const { timeoutMilliseconds = TRANSACTION_TIMEOUT_MILLISECONDS, progressTopic = topic } =
    transactional ?? {}
  const opening = client.openProducer({
    compression,
    deliveryTimeoutMilliseconds,
    transactionTimeoutMilliseconds: timeoutMilliseconds,
    signal: scope.signal,
    ...(transactional !== undefined && { transactionalId: transactionalId(transactional, scope) }),
  })
  const producer = await openedBeside(opening, assertTopics(client, [topic, progressTopic], scope))
  const plan = outgoingPlan(options)
  return producer.transactions === undefined
    ? plainSink(plan, producer)
    : transactionalSink(plan, producer, producer.transactions, progressTopic)
}

/** The job and the step in it are for people; that no other step has it is what the scope's id is for. */
function transactionalId({ idPrefix = 'batchwright' }: KafkaTransactionOptions, scope: WriterScope): string {
  return `${idPrefix}.${scope.jobName}.${scope.stepName}.${scope.transactionId}`
}

/** To connect takes longer than anything else here, so both are done at the same time. Nothing stays open where the check fails. */
async function openedBeside(opening: Promise<KafkaProducer>, check: Promise<void>): Promise<KafkaProducer> {
  const [opened, checked] = await Promise.allSettled([opening, check])
  if (opened.status === 'rejected') throw checked.status === 'rejected' ? checked.reason : opened.reason
  if (checked.status === 'fulfilled') return opened.value
  await opened.value.close()
  throw checked.reason
}

/** A missing topic is not the items' fault, so it is told before there are any. */
async function assertTopics(
  client: KafkaClient,
  topics: readonly (string | undefined)[],
  scope: WriterScope,
): Promise<void> {
  for (const topic of new Set(topics)) if (topic !== undefined) await assertTopic(client, topic, scope)
}

async function assertTopic(client: KafkaClient, topic: string, { signal }: WriterScope): Promise<void> {
  const consumer = await client.openConsumer({ isolation: 'read_committed', signal })
  try {
    await consumer.describeTopic(topic)
  } catch (error) {
    if (!isBatchError(error, 'INVALID_READER_OPTIONS')) throw error
    throw new BatchError('INVALID_WRITER_OPTIONS', error.message, { details: error.details, cause: error })
  } finally {
    await consumer.close()
  }
}

/** What was sent before a crash or a failed commit may be sent again by the restart. */
function plainSink<T, V, K>(plan: OutgoingPlan<T, V, K>, producer: KafkaProducer): ItemSink<T> {
  return {
    ...encodedAhead(plan, (encoded) => send(producer, encoded)),
    close: producer.close,
  }
}

/** idle → (begin) open → commit or abort → idle */
function transactionalSink<T, V, K>(
  plan: OutgoingPlan<T, V, K>,
  producer: KafkaProducer,
  transactions: KafkaTransactions,
  progressTopic: string | undefined,
): ItemSink<T> {
  const marks = transactionMarks(progressTopic)
  let isOpen = false
  const begin = async (): Promise<void> => {
    if (isOpen) return
    await transactions.begin()
    isOpen = true
  }
  return {
    ...encodedAhead(plan, async (encoded) => {
      await begin()
      await send(producer, encoded)
    }),
    rolledBack: async () => {
      if (!isOpen) return
      isOpen = false
      try {
        await transactions.abort()
      } catch (error) {
        if (!isBatchError(error, 'PRODUCER_FENCED')) throw error // whoever has taken over has aborted it
      }
    },
    ownTransaction: {
      lastMark: (reader) => marks.find(transactions, reader),
      commit: async (mark) => {
        await begin()
        isOpen = false // a commit that fails has aborted it
        await marks.commit(transactions, mark)
      },
    },
    close: producer.close,
  }
}

/** Encoding needs no transaction, so it is done while the chunk before is written. */
function encodedAhead<T, V, K>(
  plan: OutgoingPlan<T, V, K>,
  write: (encoded: EncodedItems) => Promise<void>,
): Pick<ItemSink<T>, 'prepare' | 'write'> {
  return {
    prepare: (items) => {
      const encoding = encodeItems(items, plan)
      encoding.catch(() => {}) // it is thrown by the write
      return async () => write(await encoding)
    },
    write: async (items) => write(await encodeItems(items, plan)),
  }
}

/** @throws itemsFailed naming the items that could not be encoded, and those that the log has not taken */
async function send(producer: KafkaProducer, { outputs, itemOf, failures }: EncodedItems): Promise<void> {
  const refused = await producer.send(outputs)
  if (failures.length + refused.length === 0) return
  const unsent = refused.map(({ index, error }): ItemFailure => ({ index: itemOf[index] ?? index, error }))
  throw itemsFailed([...failures, ...unsent].toSorted((one, other) => one.index - other.index))
}

function outgoingPlan<T, V, K>({
  topic,
  record,
  key,
  value,
}: KafkaWriterOptions<T, V, K>): OutgoingPlan<T, V, K> {
  return { topic, record, key: key ?? TEXT_OR_BYTES, value: value ?? JSON_VALUES }
}

const JSON_VALUES: Pick<KafkaFormat<unknown>, 'write'> = json()

/** What it is given is checked, since without a format the type says nothing about it. */
const TEXT_OR_BYTES: Pick<KafkaFormat<unknown>, 'write'> = {
  write: (key) => {
    if (key === null || Buffer.isBuffer(key)) return key
    if (typeof key === 'string') return Buffer.from(key)
    throw new TypeError(
      `the key is a ${typeof key}: make it a text or a Buffer, or give the writer a format for keys`,
    )
  },
}

function transactionOptions({ transactional = false }: PlainOptions): KafkaTransactionOptions | undefined {
  if (transactional === false) return undefined
  return transactional === true ? {} : transactional
}

type PlainOptions = Omit<KafkaWriterOptions<never, never, never>, 'record' | 'key' | 'value'>

function checkOptions(options: PlainOptions): void {
  const { compression, topic, deliveryTimeoutMilliseconds } = options
  const { timeoutMilliseconds, progressTopic } = transactionOptions(options) ?? {}
  if (topic === '' || progressTopic === '') throw invalid('a topic is empty: name one')
  if (compression !== undefined && !KAFKA_COMPRESSIONS.includes(compression))
    throw invalid(`compression is ${String(compression)}; it can be ${KAFKA_COMPRESSIONS.join(', ')}`)
  for (const [name, value] of Object.entries({ deliveryTimeoutMilliseconds, timeoutMilliseconds }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0))
      throw invalid(`${name} is ${value}; it must be a whole number of milliseconds, from 1 on`)
}

function invalid(problem: string): BatchError {
  return new BatchError('INVALID_WRITER_OPTIONS', `kafkaWriter: ${problem}`)
}
