import { kafka, type KafkaPosition } from '../../src/kafka/index.ts'
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
})

function settled(call: (answer: (error?: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())))
}
