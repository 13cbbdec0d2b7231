/** From where to where partitions can be read: asked of the broker each time, and of the topic once for many of its partitions. */
import type { Answer, DriverConsumer } from './confluent-driver.ts'
import { type Patience, retried } from './driver-call.ts'
import type { KafkaBounds, TopicPartition } from './kafka-client.ts'
import { unknownPartition, unknownTopic } from './kafka-refusals.ts'
import type { TopicCatalog } from './topic-catalog.ts'

/** @throws BatchError INVALID_READER_OPTIONS for a topic or partition that does not exist */
export type BoundsQuery = (at: TopicPartition, patience: Patience) => Promise<KafkaBounds>

export interface BoundsQueryParts {
  readonly client: Pick<DriverConsumer, 'queryWatermarkOffsets'>
  readonly catalog: TopicCatalog
  readonly description: string
}

const QUERY_MILLISECONDS = 5000
const KNOWN_MILLISECONDS = 1000

/** What is known of a topic stands for a moment: a thousand partitions are not each asked for with all the others. */
export function boundsQuery({ client, catalog, description }: BoundsQueryParts): BoundsQuery {
  const known = new Map<string, { readonly partitions: ReadonlySet<number>; readonly until: number }>()
  const isKnown = ({ topic, partition }: TopicPartition): boolean => {
    const fresh = known.get(topic)
    return fresh !== undefined && performance.now() < fresh.until && fresh.partitions.has(partition)
  }
  const learn = async (at: TopicPartition, patience: Patience): Promise<void> => {
    const topic = await catalog.describe(at.topic, patience)
    if (topic === undefined) throw unknownTopic(at.topic, description)
    if (!topic.partitions.includes(at.partition)) throw unknownPartition(at, description)
    known.set(at.topic, {
      partitions: new Set(topic.partitions),
      until: performance.now() + KNOWN_MILLISECONDS,
    })
  }
  const ask = async ({ topic, partition }: TopicPartition, patience: Patience): Promise<KafkaBounds> => {
    const { lowOffset, highOffset } = await retried(
      `${description}: asking for the offsets of topic ${topic}, partition ${partition}`,
      (answer: Answer<{ lowOffset: number; highOffset: number }>) =>
        client.queryWatermarkOffsets(topic, partition, QUERY_MILLISECONDS, answer),
      patience,
    )
    return { low: BigInt(lowOffset), end: BigInt(highOffset) }
  }
  return async (at: TopicPartition, patience: Patience): Promise<KafkaBounds> => {
    if (isKnown(at)) {
      try {
        return await ask(at, { ...patience, milliseconds: 0 })
      } catch {
        patience.signal.throwIfAborted()
        known.delete(at.topic) // it may have gone since
      }
    }
    await learn(at, patience)
    return ask(at, patience)
  }
}
