/** Creates a topic where there is none of its name. */
import { setTimeout } from 'node:timers/promises'
import type { Answer, DriverAdmin, DriverSettings } from './confluent-driver.ts'
import { closeDriver, connectDriver, type DriverTerms } from './connect-driver.ts'
import { called } from './driver-call.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'
import { loadDriver } from './load-driver.ts'
import { topicCatalog } from './topic-catalog.ts'

export interface TopicOptions {
  /** @default 1 */
  readonly partitions?: number
  /** @default the brokers' default */
  readonly replicationFactor?: number
  /** The topic's settings by Kafka's names: `{ 'retention.ms': '-1' }`. @default the brokers' */
  readonly config?: Readonly<Record<string, string>>
}

const CREATE_MILLISECONDS = 30_000
const PAUSE_MILLISECONDS = 50

/** Resolves when brokers answer for the topic too: for a moment behind its creation they do not know it. */
export async function ensureTopic(
  shared: DriverSettings,
  terms: DriverTerms,
  topic: string,
  options: TopicOptions,
): Promise<'created' | 'there already'> {
  const driver = await loadDriver()
  const signal = AbortSignal.timeout(CREATE_MILLISECONDS)
  const client = await connectDriver(driver.Producer, shared, terms, signal)
  try {
    const answer = await createTopic(driver.AdminClient.createFrom(client), terms, topic, options)
    if (answer === 'there already') return answer
    const { describe } = topicCatalog(driver, client, terms.description)
    while ((await describe(topic, { milliseconds: CREATE_MILLISECONDS, signal })) === undefined)
      await setTimeout(PAUSE_MILLISECONDS, undefined, { signal })
    return answer
  } finally {
    await closeDriver(client, (one, answer) => one.disconnect(0, answer))
  }
}

async function createTopic(
  admin: DriverAdmin,
  terms: DriverTerms,
  topic: string,
  { partitions = 1, replicationFactor = -1, config }: TopicOptions,
): Promise<'created' | 'there already'> {
  const asked = {
    topic,
    num_partitions: partitions,
    replication_factor: replicationFactor,
    ...(config && { config }),
  }
  try {
    await called(`${terms.description}: creating topic ${topic}`, (answer: Answer) =>
      admin.createTopic(asked, CREATE_MILLISECONDS, answer),
    )
    return 'created'
  } catch (error) {
    if (error instanceof KafkaError && error.code === KAFKA_CODE.topicExists) return 'there already'
    throw error
  }
}
