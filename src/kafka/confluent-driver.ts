/** The part of @confluentinc/kafka-javascript that is used, in types of our own: it compiles where the package is not installed. */
import type { TopicPartition } from './kafka-client.ts'

/** librdkafka's settings by their names. */
export type DriverSettings = Readonly<Record<string, string | number | boolean | DriverCallback>>

type DriverCallback = (...args: never[]) => unknown

export interface DriverError extends Error {
  readonly code: number
  readonly isRetriable?: boolean
  readonly isTxnRequiresAbort?: boolean
}

export type Answer<T = unknown> = (error: DriverError | null | undefined, result: T) => void

export interface DriverClient {
  readonly on: (event: string, listener: DriverCallback) => unknown
  readonly isConnected: () => boolean
  /** `allTopics: false` always, or all topics of the cluster come. */
  readonly connect: (
    options: { readonly allTopics: false; readonly timeout: number },
    answer: Answer,
  ) => unknown
}

export interface DriverPosition extends TopicPartition {
  readonly offset: number
}

export interface DriverGroupOffset extends TopicPartition {
  readonly offset?: number
  readonly metadata?: string
}

export interface DriverMessage extends DriverPosition {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  /** Each of one name. */
  readonly headers?: readonly Readonly<Record<string, Buffer>>[]
}

export interface DriverConsumer extends DriverClient {
  readonly setDefaultConsumeTimeout: (milliseconds: number) => void
  readonly setDefaultIsTimeoutOnlyForFirstMessage: (value: boolean) => void
  readonly assign: (positions: readonly DriverPosition[]) => unknown
  readonly pause: (places: readonly TopicPartition[]) => unknown
  readonly consume: (limit: number, answer: Answer<readonly DriverMessage[]>) => void
  readonly queryWatermarkOffsets: (
    topic: string,
    partition: number,
    timeout: number,
    answer: Answer<{ readonly lowOffset: number; readonly highOffset: number }>,
  ) => unknown
  /** An error stands in the place of a partition that has one. */
  readonly offsetsForTimes: (
    places: readonly DriverPosition[],
    timeout: number,
    answer: Answer<readonly (DriverPosition | Error)[]>,
  ) => unknown
  readonly committed: (
    places: readonly TopicPartition[],
    timeout: number,
    answer: Answer<readonly (DriverGroupOffset | Error)[]>,
  ) => unknown
  readonly commitCb: (positions: readonly DriverPosition[], answer: Answer) => unknown
  readonly disconnect: (answer: Answer) => unknown
}

export interface DriverReport {
  readonly topic?: string
  readonly opaque?: unknown
}

export interface DriverProducer extends DriverClient {
  /** Throws a DriverError where the record is refused at once. */
  readonly produce: (
    topic: string,
    partition: number | null,
    value: Buffer | null,
    key: Buffer | string | null,
    timestamp: number | null,
    opaque: number,
    headers?: readonly Readonly<Record<string, Buffer | string>>[],
  ) => unknown
  readonly setPollInBackground: (value: boolean) => unknown
  readonly initTransactions: (timeout: number, answer: Answer) => void
  readonly beginTransaction: (answer: Answer) => void
  readonly commitTransaction: (timeout: number, answer: Answer) => void
  readonly abortTransaction: (timeout: number, answer: Answer) => void
  readonly sendOffsetsToTransaction: (
    offsets: readonly DriverGroupOffset[],
    consumer: DriverConsumer,
    timeout: number,
    answer: Answer,
  ) => void
  /** Flushes for `timeout` before. */
  readonly disconnect: (timeout: number, answer: Answer) => unknown
}

export interface DriverAdmin {
  readonly describeTopics: (
    topics: readonly string[],
    options: { readonly timeout: number },
    answer: Answer<readonly DriverTopicDescription[]>,
  ) => void
  readonly createTopic: (
    topic: {
      readonly topic: string
      readonly num_partitions: number
      readonly replication_factor: number
      readonly config?: Readonly<Record<string, string>>
    },
    timeout: number,
    answer: Answer,
  ) => void
}

export interface DriverTopicDescription {
  readonly name: string
  readonly topicId?: { readonly base64: string }
  readonly partitions?: readonly { readonly partition: number }[]
  readonly error?: { readonly code: number; readonly message?: string }
}

/** One argument only: a second one takes the topic's settings out of the first. */
export interface ConfluentDriver {
  readonly KafkaConsumer: new (settings: DriverSettings) => DriverConsumer
  readonly Producer: new (settings: DriverSettings) => DriverProducer
  readonly AdminClient: { readonly createFrom: (client: DriverClient) => DriverAdmin }
}
