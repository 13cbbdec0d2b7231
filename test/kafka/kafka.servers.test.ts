import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { json, kafka, type KafkaPosition } from '../../src/kafka/index.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { kafkaReader } from '../../src/readers/kafka.ts'
import { testBatch } from '../../src/testing/test-batch.ts'
import { kafkaWriter } from '../../src/writers/kafka.ts'
import { kafkaClientContract, type KafkaClientSubject } from '../../src/testing/index.ts'
import { describeWithKafka } from '../servers/describe-with-servers.ts'

const RUN = `contract-${process.pid}-${Date.now().toString(36)}`

/** The part of the driver's admin client that only tests need. */
interface Admin {
  readonly deleteTopic: (topic: string, timeout: number, answer: (error?: Error) => void) => void
  readonly deleteRecords: (
    positions: readonly object[],
    options: object,
    answer: (error?: Error) => void,
  ) => void
  readonly disconnect: () => void
}

describeWithKafka('kafka() on real brokers', (brokers) => {
  const client = kafka({ brokers, settings: { 'fetch.wait.max.ms': 50 } })
  const topics: string[] = []
  let admin: Admin

  before(async () => {
    const specifier: string = '@confluentinc/kafka-javascript'
    const { RdKafka } = (await import(specifier)) as {
      RdKafka: { AdminClient: { create: (settings: object) => Admin } }
    }
    admin = RdKafka.AdminClient.create({ 'bootstrap.servers': brokers })
  })

  after(async () => {
    for (const topic of topics) await deleteTopic(topic)
    admin.disconnect()
  })

  const deleteTopic = (topic: string): Promise<void> =>
    settled((answer) => admin.deleteTopic(topic, 10_000, answer))

  const subject = async (): Promise<KafkaClientSubject> => ({
    client,
    createTopic: async (partitions) => {
      const topic = `${RUN}-${topics.length}`
      topics.push(topic)
      await client.ensureTopic(topic, { partitions })
      return topic
    },
    deleteTopic,
    createAgain: async (topic, partitions) => {
      while ((await client.ensureTopic(topic, { partitions })) !== 'created');
    },
    deleteBefore: ({ topic, partition, offset }: KafkaPosition) =>
      settled((answer) => admin.deleteRecords([{ topic, partition, offset: Number(offset) }], {}, answer)),
  })

  for (const { promise, check } of kafkaClientContract(subject)) it(promise, check)

  /** A compacted topic takes no record without a key, and refuses the batch in which one comes. */
  const compacted = async (): Promise<string> => {
    const topic = `${RUN}-${topics.length}`
    topics.push(topic)
    await client.ensureTopic(topic, { config: { 'cleanup.policy': 'compact' } })
    return topic
  }

  it('skips only the records that brokers refuse, and none that came in their batch', async () => {
    for (const transactional of [false, true]) {
      const topic = await compacted()
      const found: number[] = []
      const job = defineJob({
        name: 'refused',
        parameters: z.object({}),
        steps: (step) => ({
          write: step.chunk(
            { size: 8, retry: false, skip: { on: Error, limit: 2 } },
            {
              reader: iterableReader(Array.from({ length: 24 }, (_, id) => id)),
              writer: kafkaWriter({
                client,
                topic,
                transactional,
                record: (id: number) => ({ key: id === 3 || id === 12 ? null : `k${id}`, value: id }),
              }),
            },
          ),
          read: step.chunk(
            { size: 100 },
            {
              reader: kafkaReader({ client, topic, value: json(z.int()) }),
              processor: ({ value }) => {
                found.push(value)
                return value
              },
              writer: {
                kind: 'none',
                description: 'none',
                guarantee: 'idempotent',
                open: async () => NOWHERE,
              },
            },
          ),
        }),
      })
      const { execution } = (await testBatch().runJob(job, {})).completed()
      expect(execution.stepExecutions[0]).to.include({ writeCount: 22, writeSkipCount: 2 })
      const good = Array.from({ length: 24 }, (_, id) => id).filter((id) => id !== 3 && id !== 12)
      expect(found.toSorted((one, other) => one - other)).to.deep.equal(good)
    }
  })

  it('names the setting where brokers take each record, and not all of them in one batch', async () => {
    const topic = `${RUN}-${topics.length}`
    topics.push(topic)
    await client.ensureTopic(topic, { config: { 'max.message.bytes': '2000' } })
    const producer = await client.openProducer({
      compression: 'none',
      transactionalId: topic,
      transactionTimeoutMilliseconds: 30_000,
      deliveryTimeoutMilliseconds: 10_000,
      signal: new AbortController().signal,
    })
    const record = { topic, key: null, value: Buffer.alloc(500, 'x'), headers: [] }
    await producer.transactions?.begin()
    const failed = await producer.send(Array.from({ length: 8 }, () => record)).then(
      () => undefined,
      (error: unknown) => error as Error,
    )
    await producer.close()
    expect(failed?.message).to.contain("Lower 'batch.size'")
  })
})

const NOWHERE = { write: async () => {}, close: async () => {} }

function settled(call: (answer: (error?: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())))
}
