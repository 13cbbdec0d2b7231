/** Which topics there are, with their ids and partitions; asking for one creates nothing. */
import type { Answer, ConfluentDriver, DriverClient, DriverTopicDescription } from './confluent-driver.ts'
import { kafkaError, type Patience, retried } from './driver-call.ts'
import type { KafkaTopic } from './kafka-client.ts'
import { KAFKA_CODE } from './kafka-code.ts'

export interface TopicCatalog {
  /** Undefined for a topic that is not there. @throws KafkaError */
  readonly describe: (topic: string, patience: Patience) => Promise<KafkaTopic | undefined>
}

const QUERY_MILLISECONDS = 5000
/** What brokers answer that give their topics no ids. */
const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

export function topicCatalog(
  driver: ConfluentDriver,
  client: DriverClient,
  description: string,
): TopicCatalog {
  const admin = driver.AdminClient.createFrom(client)
  return {
    describe: async (topic, patience) => {
      const doing = `${description}: asking for topic ${topic}`
      const [found] = await retried(
        doing,
        (answer: Answer<readonly DriverTopicDescription[]>) =>
          admin.describeTopics([topic], { timeout: QUERY_MILLISECONDS }, answer),
        patience,
      )
      if (found?.error !== undefined && found.error.code !== 0) {
        if (found.error.code === KAFKA_CODE.unknownTopic || found.error.code === KAFKA_CODE.invalidTopic)
          return undefined
        throw kafkaError(doing, found.error)
      }
      const partitions = (found?.partitions ?? []).map(({ partition }) => partition)
      if (partitions.length === 0) return undefined
      const id = found?.topicId?.base64.replace(/=+$/, '')
      return {
        id: id === NO_ID ? undefined : id,
        partitions: partitions.toSorted((one, other) => one - other),
      }
    },
  }
}
