/**
 * The same over the bare drivers, as a good developer writes it in an afternoon: chunks, zod, an acknowledgement of each record, and
 * a progress row in the transaction. Awaited step by step; no restart, no counts, no retries.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type {
  Answer,
  DriverConsumer,
  DriverMessage,
  DriverProducer,
} from '../../src/kafka/confluent-driver.ts'
import { loadDriver } from '../../src/kafka/load-driver.ts'
import { COLUMNS, Trade, type Transfer } from './trade.ts'

const PATIENCE = 10_000

export async function bareKafkaToPostgres({
  brokers,
  connection,
  chunkSize,
  source,
  target,
}: Transfer): Promise<number> {
  const client = new Client(connection)
  await client.connect()
  await client.query('create table if not exists bench_progress (topic text primary key, records integer)')
  await client.query(
    'insert into bench_progress values ($1, 0) on conflict (topic) do update set records = 0',
    [source.topic],
  )
  let moved = 0
  try {
    for await (const messages of topicChunks(brokers, source.topic, chunkSize)) {
      const trades = messages.map(tradeOf)
      moved += trades.length
      await client.query('begin')
      const rows = trades.map((trade) => `${COLUMNS.map((column) => copyField(trade[column])).join('\t')}\n`)
      const copy = client.query(copyFrom(`copy ${target.table} (${COLUMNS.join(', ')}) from stdin`))
      await pipeline(Readable.from([rows.join('')]), copy)
      await client.query('update bench_progress set records = $2 where topic = $1', [source.topic, moved])
      await client.query('commit')
    }
  } finally {
    await client.end()
  }
  return moved
}

export async function barePostgresToKafka({
  brokers,
  connection,
  chunkSize,
  source,
  target,
}: Transfer): Promise<number> {
  const client = new Client(connection)
  await client.connect()
  const producer = await openProducer(brokers, {})
  const columns = COLUMNS.join(', ')
  let [moved, last] = [0, 0]
  try {
    for (;;) {
      const sql = `select ${columns} from ${source.table} where id > $1 order by id limit $2`
      const { rows } = await client.query<Record<string, unknown>>(sql, [last, chunkSize])
      if (rows.length === 0) return moved
      const trades = rows.map((row) => Trade.parse(row))
      await producer.send(
        trades.map((trade) => ({ key: trade.isin, value: JSON.stringify(trade) })),
        target.topic,
      )
      moved += trades.length
      last = trades.at(-1)?.id ?? last
    }
  } finally {
    await producer.close()
    await client.end()
  }
}

export async function bareKafkaToKafka({ brokers, chunkSize, source, target }: Transfer): Promise<number> {
  const group = `bench-${process.pid}`
  const producer = await openProducer(brokers, {
    'transactional.id': group,
    'transaction.timeout.ms': 60_000,
  })
  await answered((answer) => producer.driver.initTransactions(PATIENCE, answer))
  const consumer = await openConsumer(brokers, group)
  let moved = 0
  try {
    for await (const messages of topicChunks(brokers, source.topic, chunkSize)) {
      const trades = messages.map(tradeOf)
      await answered((answer) => producer.driver.beginTransaction(answer))
      await producer.send(
        trades.map((trade) => ({ key: trade.isin, value: JSON.stringify(trade) })),
        target.topic,
      )
      const next = new Map(messages.map(({ partition, offset }) => [partition, offset + 1]))
      const offsets = [...next].map(([partition, offset]) => ({ topic: source.topic, partition, offset }))
      await answered((answer) =>
        producer.driver.sendOffsetsToTransaction(offsets, consumer, PATIENCE, answer),
      )
      await answered((answer) => producer.driver.commitTransaction(PATIENCE, answer))
      moved += trades.length
    }
  } finally {
    await producer.close()
    await answered((answer) => consumer.disconnect(answer))
  }
  return moved
}

interface Metadata {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly id: number }[]
  }[]
}

/** Of the driver's clients; batchwright asks for topics in another way. */
interface MetadataSource {
  readonly getMetadata: (
    options: { readonly topic: string; readonly allTopics: false; readonly timeout: number },
    answer: Answer<Metadata>,
  ) => unknown
}

/** To where the topic ended at the beginning, as often as it has records: at most so many at a time. */
async function* topicChunks(
  brokers: string,
  topic: string,
  chunkSize: number,
): AsyncGenerator<readonly DriverMessage[]> {
  const consumer = await openConsumer(brokers, 'bench')
  consumer.setDefaultConsumeTimeout(100)
  consumer.setDefaultIsTimeoutOnlyForFirstMessage(true)
  try {
    const { topics } = await answered<Metadata>((answer) =>
      (consumer as DriverConsumer & MetadataSource).getMetadata(
        { topic, allTopics: false, timeout: PATIENCE },
        answer,
      ),
    )
    const partitions = topics.find(({ name }) => name === topic)?.partitions ?? []
    const ends = new Map<number, number>()
    for (const { id } of partitions) {
      const { highOffset } = await answered<{ highOffset: number }>((answer) =>
        consumer.queryWatermarkOffsets(topic, id, PATIENCE, answer as never),
      )
      if (highOffset > 0) ends.set(id, highOffset)
    }
    consumer.assign([...ends.keys()].map((partition) => ({ topic, partition, offset: 0 })))
    while (ends.size > 0) {
      const messages = await answered<readonly DriverMessage[]>((answer) =>
        consumer.consume(chunkSize, answer),
      )
      for (const { partition, offset } of messages)
        if (offset + 1 >= (ends.get(partition) ?? 0)) ends.delete(partition)
      if (messages.length > 0) yield messages
    }
  } finally {
    await answered((answer) => consumer.disconnect(answer))
  }
}

interface BareProducer {
  readonly driver: DriverProducer
  readonly send: (records: readonly { key: string; value: string }[], topic: string) => Promise<void>
  readonly close: () => Promise<void>
}

async function openProducer(
  brokers: string,
  settings: Readonly<Record<string, string | number>>,
): Promise<BareProducer> {
  const { Producer } = await loadDriver()
  const driver = new Producer({
    'bootstrap.servers': brokers,
    'enable.idempotence': true,
    'compression.type': 'lz4',
    'linger.ms': 2,
    partitioner: 'murmur2_random',
    dr_cb: true,
    ...settings,
  })
  await answered((answer) => driver.connect({ allTopics: false, timeout: PATIENCE }, answer))
  driver.setPollInBackground(true)
  let waiting = { left: 0, done: (_error?: Error): void => {} }
  driver.on('delivery-report', ((error: Error | null) => {
    if (error !== null && error !== undefined) waiting.done(error)
    waiting.left -= 1
    if (waiting.left === 0) waiting.done()
  }) as never)
  return {
    driver,
    send: (records, topic) =>
      new Promise((resolve, reject) => {
        waiting = { left: records.length, done: (error) => (error === undefined ? resolve() : reject(error)) }
        for (const { key, value } of records)
          driver.produce(topic, null, Buffer.from(value), key, null, 0, [])
      }),
    close: async () => void (await answered((answer) => driver.disconnect(PATIENCE, answer))),
  }
}

async function openConsumer(brokers: string, group: string): Promise<DriverConsumer> {
  const { KafkaConsumer } = await loadDriver()
  const consumer = new KafkaConsumer({
    'bootstrap.servers': brokers,
    'group.id': group,
    'enable.auto.commit': false,
    'isolation.level': 'read_committed',
    'fetch.wait.max.ms': 100,
    'fetch.queue.backoff.ms': 20,
  })
  await answered((answer) => consumer.connect({ allTopics: false, timeout: PATIENCE }, answer))
  return consumer
}

function answered<T>(call: (answer: Answer<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)))
  })
}

function tradeOf({ value }: DriverMessage): Trade {
  return Trade.parse(JSON.parse(value?.toString() ?? 'null'))
}

function copyField(value: string | number): string {
  return String(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n')
}
