/** Creates a topic where there is none of its name. */
import type { Answer, DriverSettings } from './confluent-driver.ts'
import { closeDriver, connectDriver, type DriverTerms } from './connect-driver.ts'
import { called } from './driver-call.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'
import { loadDriver } from './load-driver.ts'

export interface TopicOptions {
  /** @default 1 */
  readonly partitions?: number
  /** @default the brokers' default */
  readonly replicationFactor?: number
  /** The topic's settings by Kafka's names: `{ 'retention.ms': '-1' }`. @default the brokers' */
  readonly config?: Readonly<Record<string, string>>
}

const CREATE_MILLISECONDS = 30_000

export async function ensureTopic(
  shared: DriverSettings,
  terms: DriverTerms,
  topic: string,
  { partitions = 1, replicationFactor = -1, config }: TopicOptions,
): Promise<'created' | 'there already'> {
  const driver = await loadDriver()
  const { signal } = new AbortController()
  const client = await connectDriver(driver.Producer, shared, terms, signal)
  try {
    const admin = driver.AdminClient.createFrom(client)
    const asked = {
      topic,
      num_partitions: partitions,
      replication_factor: replicationFactor,
      ...(config && { config }),
    }
    await called(`${terms.description}: creating topic ${topic}`, (answer: Answer) =>
      admin.createTopic(asked, CREATE_MILLISECONDS, answer),
    )
    return 'created'
  } catch (error) {
    if (error instanceof KafkaError && error.code === KAFKA_CODE.topicExists) return 'there already'
    throw error
  } finally {
    await closeDriver(client, (one, answer) => one.disconnect(0, answer))
  }
}
