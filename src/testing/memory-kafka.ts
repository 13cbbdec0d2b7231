/** A Kafka in memory: partitions, offsets, transactions, gaps and retention, so that a job's tests need no server. */
import { BatchError } from '../core/model/batch-error.ts'
import type { Clock } from '../core/ports/clock.ts'
import type {
  IsolationLevel,
  KafkaClient,
  KafkaGroupOffset,
  KafkaHeader,
  KafkaLogRecord,
  KafkaOutput,
  KafkaPosition,
} from '../kafka/kafka-client.ts'
import { systemClock } from '../process/system-clock.ts'
import { appendRecord } from './memory-kafka/append-record.ts'
import { memoryBroker, type MemoryBroker, type MemoryTopic } from './memory-kafka/memory-broker.ts'
import { memoryConsumer } from './memory-kafka/memory-consumer.ts'
import { memoryProducer } from './memory-kafka/memory-producer.ts'
import type { LogTransaction } from './memory-kafka/partition-log.ts'
import type { PlannedFailures } from './memory-kafka/planned-failures.ts'

export interface MemoryKafkaOptions {
  /** What one poll hands over at most, however many are asked for. @default 10 */
  readonly recordsPerPoll?: number
  /** Gives records their timestamps where they are sent without. @default the machine's */
  readonly clock?: Clock
}

export interface MemoryTopicOptions {
  /** @default 1 */
  readonly partitions?: number
  /** Keys, values and headers together; larger records fail. @default 1 MiB */
  readonly maxRecordBytes?: number
}

/** Texts are stored as UTF-8. */
export interface MemoryKafkaInput {
  /** @default by the key, as Java does; without a key the partitions in turn */
  readonly partition?: number
  /** @default null */
  readonly key?: string | Buffer | null
  /** @default null */
  readonly value?: string | Buffer | null
  /** Milliseconds since 1970. @default now */
  readonly timestamp?: number
  /** @default none */
  readonly headers?: readonly KafkaHeader[]
}

/** Of somebody else: until its end it holds back what `read_committed` sees. */
export interface MemoryForeignTransaction {
  readonly produce: (topic: string, records: readonly MemoryKafkaInput[]) => void
  readonly commit: () => void
  readonly abort: () => void
}

/**
 * A client for readers and writers, with the hands of a test beside it. It behaves as a cluster does: each end of a transaction
 * takes an offset in every partition that it has written to, polls hand over few records, and an end is told only where it is reached.
 */
export interface MemoryKafka
  extends KafkaClient, Pick<PlannedFailures, 'failNext' | 'failSends' | 'loseCommitAnswer'> {
  readonly createTopic: (name: string, options?: MemoryTopicOptions) => void
  /** One of the same name that is created afterwards is another one. */
  readonly deleteTopic: (name: string) => void
  /** At once, past planned failures. */
  readonly produce: (topic: string, records: readonly MemoryKafkaInput[]) => void
  readonly beginTransaction: () => MemoryForeignTransaction
  /** What a reader sees, by partition and offset. @default read_committed */
  readonly records: (topic: string, isolation?: IsolationLevel) => readonly KafkaLogRecord[]
  /** Deletes what stands before the offset, as retention does. */
  readonly deleteBefore: (position: KafkaPosition) => void
  /** Of each key the latest committed record stays; what is gone leaves gaps. */
  readonly compact: (topic: string) => void
  /** By topic and partition. A transactional producer's group has its transactional id. */
  readonly groupOffsets: (group: string) => readonly KafkaGroupOffset[]
  /** Those that have committed offsets. */
  readonly groups: () => readonly string[]
  /** The brokers abort every open transaction of a producer as too old, and fence the producer. */
  readonly expireTransactions: () => void
  /** Until `startBrokers` nothing opens, arrives or is sent; a commit waits. */
  readonly stopBrokers: () => void
  readonly startBrokers: () => void
}

export function memoryKafka({
  recordsPerPoll = 10,
  clock = systemClock,
}: MemoryKafkaOptions = {}): MemoryKafka {
  const broker = memoryBroker(clock)
  const { failures } = broker
  return {
    description: broker.description,
    openConsumer: async (options) => {
      meetOpening(broker, 'openConsumer', options.signal)
      return memoryConsumer(broker, options, recordsPerPoll)
    },
    openProducer: async (options) => {
      meetOpening(broker, 'openProducer', options.signal)
      return memoryProducer(broker, options)
    },
    createTopic: (name, { partitions = 1, maxRecordBytes = 1024 * 1024 } = {}) =>
      broker.createTopic(name, partitions, maxRecordBytes),
    deleteTopic: (name) => {
      topicOf(broker, name)
      broker.topics.delete(name)
    },
    produce: (topic, records) => produceAll(broker, topic, records, undefined),
    beginTransaction: () => foreignTransaction(broker),
    records: (topic, isolation = 'read_committed') =>
      topicOf(broker, topic).partitions.flatMap((log) => log.read(0n, Infinity, isolation).records),
    deleteBefore: (position) => {
      const log = broker.find(position)
      if (log === undefined) throw new Error(`no partition ${position.partition} in topic ${position.topic}`)
      log.deleteBefore(position.offset)
    },
    compact: (topic) => topicOf(broker, topic).partitions.forEach((log) => log.compact()),
    groupOffsets: broker.groupOffsets,
    groups: broker.groups,
    expireTransactions: () => expireTransactions(broker),
    stopBrokers: () => broker.setAway(true),
    startBrokers: () => broker.setAway(false),
    failNext: failures.failNext,
    failSends: failures.failSends,
    loseCommitAnswer: failures.loseCommitAnswer,
  }
}

function meetOpening(broker: MemoryBroker, call: 'openConsumer' | 'openProducer', signal: AbortSignal): void {
  signal.throwIfAborted()
  broker.failures.meet(call)
  if (!broker.isAway()) return
  throw new BatchError('SERVER_UNAVAILABLE', `${broker.description}: the brokers are away. Start them.`)
}

function topicOf(broker: MemoryBroker, name: string): MemoryTopic {
  const topic = broker.topics.get(name)
  if (topic === undefined) throw new Error(`there is no topic ${name}: create it before`)
  return topic
}

function produceAll(
  broker: MemoryBroker,
  topic: string,
  records: readonly MemoryKafkaInput[],
  transaction: LogTransaction | undefined,
): void {
  for (const record of records) {
    const error = appendRecord(broker, outputOf(topic, record), transaction)
    if (error !== undefined) throw error
  }
}

function outputOf(topic: string, input: MemoryKafkaInput): KafkaOutput {
  const { key = null, value = null, headers = [], partition, timestamp } = input
  return {
    topic,
    key: bytesOf(key),
    value: bytesOf(value),
    headers,
    ...(partition !== undefined && { partition }),
    ...(timestamp !== undefined && { timestamp }),
  }
}

function bytesOf(value: string | Buffer | null): Buffer | null {
  return typeof value === 'string' ? Buffer.from(value) : value
}

function foreignTransaction(broker: MemoryBroker): MemoryForeignTransaction {
  const transaction: LogTransaction = { state: 'open', touched: new Set() }
  return {
    produce: (topic, records) => {
      if (transaction.state !== 'open') throw new Error(`the transaction is ${transaction.state}`)
      produceAll(broker, topic, records, transaction)
    },
    commit: () => broker.end(transaction, 'committed'),
    abort: () => broker.end(transaction, 'aborted'),
  }
}

function expireTransactions(broker: MemoryBroker): void {
  for (const [id, session] of broker.sessions) {
    if (session.transaction === undefined) continue
    broker.end(session.transaction, 'aborted')
    broker.sessions.delete(id)
  }
}
