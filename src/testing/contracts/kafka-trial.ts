/** What the cases of the Kafka contract share: topics of their own, consumers and producers that are closed behind them. */
import type {
  IsolationLevel,
  KafkaBounds,
  KafkaClient,
  KafkaConsumer,
  KafkaLogRecord,
  KafkaOutput,
  KafkaPosition,
  KafkaProducer,
  KafkaTransactions,
  TopicPartition,
} from '../../kafka/kafka-client.ts'
import { withinSeconds } from './scope.ts'

export interface KafkaClientSubject {
  readonly client: KafkaClient
  /** A new topic, which is there when it is answered. */
  readonly createTopic: (partitions: number) => Promise<string>
  readonly deleteTopic: (topic: string) => Promise<void>
  /** Of the same name as one that was deleted. */
  readonly createAgain: (topic: string, partitions: number) => Promise<void>
  /** As retention does. */
  readonly deleteBefore: (position: KafkaPosition) => Promise<void>
  readonly close?: () => Promise<void>
}

export interface TransactionalProducer extends KafkaProducer {
  readonly transactions: KafkaTransactions
}

export interface KafkaTrial {
  readonly subject: KafkaClientSubject
  /** Of one partition. */
  readonly topic: () => Promise<string>
  readonly consumer: (options?: ConsumerWishes) => Promise<KafkaConsumer>
  readonly producer: () => Promise<KafkaProducer>
  readonly transactional: (id?: string) => Promise<TransactionalProducer>
  /** Sends and sees to it that nothing has failed. */
  readonly sent: (topic: string, values: readonly string[]) => Promise<void>
  /** In a transaction, which is then ended. */
  readonly transacted: (topic: string, values: readonly string[], end: 'commit' | 'abort') => Promise<void>
  /** Another one each time. */
  readonly name: (what: string) => string
  readonly finish: () => Promise<void>
}

export interface ConsumerWishes {
  readonly isolation?: IsolationLevel
  readonly group?: string
  readonly signal?: AbortSignal
}

/** What was read of the places from their beginning, or from `from`, to the end of each. */
export interface ReadThrough {
  readonly records: readonly KafkaLogRecord[]
  readonly values: readonly (string | null)[]
  /** Where each place was read to, in the order of the places. */
  readonly reached: readonly bigint[]
}

const SECONDS = 30

export function kafkaTrial(subject: KafkaClientSubject): KafkaTrial {
  const { client } = subject
  const signal = new AbortController().signal
  const opened: { readonly close: () => Promise<void> }[] = []
  const run = `${Date.now().toString(36)}-${Math.trunc(Math.random() * 1e9).toString(36)}`
  let names = 0
  const name = (what: string): string => `${what}-${run}-${++names}`
  const held = <T extends { readonly close: () => Promise<void> }>(one: T): T => {
    opened.push(one)
    return one
  }
  const producer = async (transactionalId?: string): Promise<KafkaProducer> =>
    held(
      await client.openProducer({
        compression: 'none',
        deliveryTimeoutMilliseconds: 20_000,
        transactionTimeoutMilliseconds: 30_000,
        signal,
        ...(transactionalId !== undefined && { transactionalId }),
      }),
    )
  const transactional = async (id = name('transactional')): Promise<TransactionalProducer> => {
    const one = await producer(id)
    if (one.transactions === undefined) throw new Error('a producer with an id has no transactions')
    return one as TransactionalProducer
  }
  return {
    subject,
    name,
    topic: () => subject.createTopic(1),
    consumer: async ({ isolation = 'read_committed', group, signal: own = signal } = {}) =>
      held(await client.openConsumer({ isolation, signal: own, ...(group !== undefined && { group }) })),
    producer,
    transactional,
    sent: async (topic, values) => {
      const failures = await (await producer()).send(values.map((value) => outputTo(topic, value)))
      if (failures[0] !== undefined) throw failures[0].error
    },
    transacted: async (topic, values, end) => {
      const one = await transactional()
      await one.transactions.begin()
      await one.send(values.map((value) => outputTo(topic, value)))
      await (end === 'commit' ? one.transactions.commit([]) : one.transactions.abort())
    },
    finish: async () => {
      await Promise.all(opened.map((one) => one.close()))
      await subject.close?.()
    },
  }
}

export function outputTo(topic: string, value: string, more: Partial<KafkaOutput> = {}): KafkaOutput {
  return { topic, key: null, value: Buffer.from(value), headers: [], ...more }
}

export function placesOf(topic: string, partitions: number): readonly TopicPartition[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
}

export async function readThrough(
  consumer: KafkaConsumer,
  places: readonly TopicPartition[],
  { limit = 100, from }: { readonly limit?: number; readonly from?: bigint } = {},
): Promise<ReadThrough> {
  const bounds: KafkaBounds[] = []
  for (const place of places) bounds.push(await consumer.bounds(place))
  consumer.assign(places.map((place, index) => ({ ...place, offset: from ?? bounds[index]?.low ?? 0n })))
  const records: KafkaLogRecord[] = []
  const reached = new Map<number, bigint>()
  const isThrough = (): boolean =>
    places.every(({ partition }, index) => (reached.get(partition) ?? -1n) >= (bounds[index]?.end ?? 0n))
  const end = performance.now() + SECONDS * 1000
  while (!isThrough()) {
    if (performance.now() > end) throw new Error(`the end was not reached within ${SECONDS} s`)
    const poll = await withinSeconds(SECONDS, 'a poll', consumer.poll(limit))
    if (poll.records.length > limit) throw new Error(`${poll.records.length} records for a limit of ${limit}`)
    records.push(...poll.records)
    for (const { partition, offset } of poll.reached) reached.set(partition, offset)
  }
  return {
    records,
    values: records.map(({ value }) => value?.toString() ?? null),
    reached: places.map(({ partition }) => reached.get(partition) ?? -1n),
  }
}
