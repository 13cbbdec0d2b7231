/** The one port between Kafka's readers and writers and a driver. Any log that speaks Kafka's protocol can stand behind it. */

/** A definition, not a connection: each consumer and producer that it opens has its own. */
export interface KafkaClient {
  /** For explanations: `kafka localhost:9092`. No secrets. */
  readonly description: string
  /**
   * Connects, or leaves nothing open.
   * @throws BatchError SERVER_UNAVAILABLE where no broker answers in time or the log-in is refused; OPTIONAL_PACKAGE_MISSING
   */
  readonly openConsumer: (options: KafkaConsumerOptions) => Promise<KafkaConsumer>
  /**
   * Connects, and with a `transactionalId` takes it over: the transaction that another producer has left open under it is
   * aborted, and that producer can commit nothing more.
   * @throws BatchError as `openConsumer`
   */
  readonly openProducer: (options: KafkaProducerOptions) => Promise<KafkaProducer>
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** `offset` is the next one to be read. */
export interface KafkaPosition extends TopicPartition {
  readonly offset: bigint
}

export const ISOLATION_LEVELS = ['read_committed', 'read_uncommitted'] as const
export type IsolationLevel = (typeof ISOLATION_LEVELS)[number]

export interface KafkaConsumerOptions {
  readonly isolation: IsolationLevel
  /** Whose committed offsets `commit` writes. It is not joined: nothing is ever rebalanced. @default none */
  readonly group?: string
  /** Ends what waits. */
  readonly signal: AbortSignal
}

/** Reads the partitions that it is assigned, without being a member of a group. Calls never overlap, but for `close`. */
export interface KafkaConsumer {
  /** @throws BatchError INVALID_READER_OPTIONS for a topic that does not exist; nothing is created */
  readonly describeTopic: (topic: string) => Promise<KafkaTopic>
  /** Asked of the broker each time. @throws BatchError INVALID_READER_OPTIONS for a partition that does not exist */
  readonly bounds: (place: TopicPartition) => Promise<KafkaBounds>
  /** The offset of the first record at or after `timestamp`, for each place; undefined where there is none. */
  readonly offsetsAt: (
    places: readonly TopicPartition[],
    timestamp: Date,
  ) => Promise<readonly (bigint | undefined)[]>
  /** Replaces what was assigned. The places are known to exist, and their offsets to lie within the bounds. */
  readonly assign: (positions: readonly KafkaPosition[]) => void
  /** No further records of it are handed over. */
  readonly pause: (place: TopicPartition) => void
  /**
   * What has arrived, at most `limit` records, in order within each partition; waits a moment where nothing has, and then
   * answers nothing, which is not the end.
   * @throws BatchError INPUT_CHANGED where the next offset is not there any more; an error with a numeric `code` named KafkaError
   */
  readonly poll: (limit: number) => Promise<KafkaPoll>
  /** Commits offsets of the group, for whoever watches it. @throws KafkaError */
  readonly commit: (positions: readonly KafkaPosition[]) => Promise<void>
  /** Called once, also while a poll is under way. */
  readonly close: () => Promise<void>
}

export interface KafkaTopic {
  /** Another topic of the same name has another one. Undefined where the log does not tell. */
  readonly id: string | undefined
  /** In ascending order. */
  readonly partitions: readonly number[]
}

/** From the first record that is still there to behind the last that can be read. */
export interface KafkaBounds {
  readonly low: bigint
  /** Under `read_committed` the last stable offset: before the first transaction that is still open. Else the high watermark. */
  readonly end: bigint
}

export interface KafkaPoll {
  readonly records: readonly KafkaLogRecord[]
  /**
   * How far partitions have been read for certain, once `records` have been handled: transaction markers and gaps that
   * compaction has left lie behind it too. Told when a partition's end is reached.
   */
  readonly reached: readonly KafkaPosition[]
}

/** A record as the log has it. */
export interface KafkaLogRecord extends KafkaPosition {
  /** Milliseconds since 1970; undefined where the record has none. */
  readonly timestamp: number | undefined
  readonly key: Buffer | null
  /** Null is a tombstone: it deletes the key in a compacted topic. */
  readonly value: Buffer | null
  readonly headers: readonly KafkaHeader[]
}

/** In the order of the record; a name may stand there several times. */
export interface KafkaHeader {
  readonly name: string
  readonly value: Buffer
}

export const KAFKA_COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type KafkaCompression = (typeof KAFKA_COMPRESSIONS)[number]

export interface KafkaProducerOptions {
  readonly compression: KafkaCompression
  /** Records are sent in transactions, which no other producer of this id can commit any more. @default without */
  readonly transactionalId?: string
  /** A transaction that takes longer is aborted by the broker. */
  readonly transactionTimeoutMilliseconds: number
  /** How long a record is tried before it has failed. */
  readonly deliveryTimeoutMilliseconds: number
  readonly signal: AbortSignal
}

/** Every record is acknowledged by all replicas in sync, and stands in the log once however often it is sent over the network. */
export interface KafkaProducer {
  /**
   * Settles when each record was acknowledged or has failed; answers those that failed, as indexes into `records` in ascending
   * order. In a transaction, records that were refused before they were sent (no such topic, too large) leave it as it is; behind
   * one that has failed on its way it can only be aborted, and `commit` does so.
   * @throws BatchError PRODUCER_FENCED
   */
  readonly send: (records: readonly KafkaOutput[]) => Promise<readonly KafkaSendFailure[]>
  /** There where it was opened with a `transactionalId`. */
  readonly transactions?: KafkaTransactions
  /** Called once; never hangs, also while brokers are away. An open transaction is aborted, at once or at its timeout. */
  readonly close: () => Promise<void>
}

export interface KafkaOutput {
  readonly topic: string
  /** @default by the key, as Java's default partitioner does (murmur2) */
  readonly partition?: number
  readonly key: Buffer | null
  /** Null is a tombstone. An empty value is not the same, and is sent as what it is or fails. */
  readonly value: Buffer | null
  /** Milliseconds since 1970. @default the time of sending */
  readonly timestamp?: number
  readonly headers: readonly KafkaHeader[]
}

export interface KafkaSendFailure {
  readonly index: number
  /** Named KafkaError, with a numeric `code`, and `retriable` where sending it again may help. */
  readonly error: Error
}

/** Records and the group's offsets are committed together, or not at all. The group has the name of the transactional id. */
export interface KafkaTransactions {
  readonly begin: () => Promise<void>
  /**
   * Settles when it is known to be committed, and may take as long as brokers are away.
   * @throws BatchError PRODUCER_FENCED; WRITE_FAILED with `details.outcome` 'unknown' where it may be committed or not; a KafkaError
   * where it is aborted. Behind an unknown outcome only `close` can be called: the next producer of the id settles it.
   */
  readonly commit: (offsets: readonly KafkaGroupOffset[]) => Promise<void>
  /** Where none is open it does nothing. */
  readonly abort: () => Promise<void>
  /** What transactions have committed at these places; never while one is open. Places without are left out. */
  readonly committed: (places: readonly TopicPartition[]) => Promise<readonly KafkaGroupOffset[]>
}

export interface KafkaGroupOffset extends KafkaPosition {
  /** Some text that is kept with the offset: at most 4096 bytes by default. */
  readonly metadata: string
}
