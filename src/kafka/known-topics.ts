/** The topics that a producer sends to: each is looked up before its first record, since records for one that is missing vanish for long. */
import type { Patience } from './driver-call.ts'
import type { KafkaOutput, KafkaSendFailure, KafkaTopic } from './kafka-client.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'
import type { TopicCatalog } from './topic-catalog.ts'

export interface KnownTopics {
  /** Looks up those that are not known, and those of which a partition is not. */
  readonly learn: (records: readonly KafkaOutput[], patience: Patience) => Promise<void>
  readonly find: (topic: string) => KafkaTopic | undefined
  /** What a failure says is not there is looked up again the next time. */
  readonly forget: (records: readonly KafkaOutput[], failures: readonly KafkaSendFailure[]) => void
}

const GONE: readonly number[] = [
  KAFKA_CODE.unknownTopic,
  KAFKA_CODE.unknownPartition,
  KAFKA_CODE.unknownTopicHere,
]

export function knownTopics(catalog: TopicCatalog): KnownTopics {
  const known = new Map<string, KafkaTopic>()
  return {
    find: (topic) => known.get(topic),
    learn: async (records, patience) => {
      const missing = new Set<string>()
      let last: KafkaTopic | undefined
      let lastName: string | undefined
      for (const { topic, partition } of records) {
        if (topic !== lastName) {
          lastName = topic
          last = known.get(topic)
          if (last === undefined) missing.add(topic)
        }
        if (partition !== undefined && last !== undefined && !last.partitions.includes(partition))
          missing.add(topic)
      }
      for (const topic of missing) {
        const found = await catalog.describe(topic, patience)
        if (found !== undefined) known.set(topic, found)
      }
    },
    forget: (records, failures) => {
      for (const { index, error } of failures) {
        if (!(error instanceof KafkaError) || !GONE.includes(error.code)) continue
        known.delete(records[index]?.topic ?? '')
      }
    },
  }
}
