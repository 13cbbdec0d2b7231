/** A consumer of the driver behind the port: assigned by hand, never a member of a group. */
import { BatchError } from '../core/model/batch-error.ts'
import { untilAborted } from '../core/model/until-aborted.ts'
import { closeDriver } from './connect-driver.ts'
import type { DriverTerms } from './connect-driver.ts'
import type { Answer, DriverConsumer, DriverMessage, DriverPosition } from './confluent-driver.ts'
import { boundsQuery } from './bounds-query.ts'
import { atMost, called, kafkaError, retried } from './driver-call.ts'
import type { KafkaConsumer, KafkaConsumerOptions, KafkaPoll, TopicPartition } from './kafka-client.ts'
import type { KafkaError } from './kafka-error.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { unknownTopic } from './kafka-refusals.ts'
import { exactOffset, readPositions } from './read-positions.ts'
import { stallWatch, type StallWatch } from './stall-watch.ts'
import type { TopicCatalog } from './topic-catalog.ts'

/** A consume call holds one of libuv's threads so long, which files and DNS need too. */
const POLL_MILLISECONDS = 100
/** Then closing goes on: a consume call has come to its end long before. */
const CONSUME_END_MILLISECONDS = 5000
const QUERY_MILLISECONDS = 5000
/** Calls between reads may be tried so long while brokers restart. */
const RETRY_MILLISECONDS = 75_000

const NOTHING: KafkaPoll = { records: [], reached: [] }

export interface DriverConsumerParts {
  readonly client: DriverConsumer
  readonly catalog: TopicCatalog
  readonly terms: DriverTerms
  readonly options: KafkaConsumerOptions
}

export function driverConsumer(parts: DriverConsumerParts): KafkaConsumer {
  const {
    client,
    catalog,
    options,
    terms: { description, patienceMilliseconds },
  } = parts
  const { signal, group } = options
  const patience = { milliseconds: RETRY_MILLISECONDS, signal }
  const positions = readPositions()
  const bounds = boundsQuery({ client, catalog, description })
  const watch = stallWatch({
    description,
    positions,
    patienceMilliseconds,
    bounds: (place) => bounds(place, { milliseconds: 0, signal }),
  })
  /** The driver tells ends before it hands over the messages that stand before them. */
  let ends: DriverPosition[] = []
  let isClosed = false
  let consuming: Promise<unknown> = Promise.resolve()
  client.on('partition.eof', (end: DriverPosition) => void ends.push(end))
  client.setDefaultConsumeTimeout(POLL_MILLISECONDS)
  client.setDefaultIsTimeoutOnlyForFirstMessage(true)

  const consume = async (limit: number): Promise<readonly DriverMessage[]> => {
    const answer = called(`${description}: reading`, (answered: Answer<readonly DriverMessage[]>) =>
      client.consume(limit, answered),
    )
    consuming = answer.catch(() => {})
    try {
      return await untilAborted(answer, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (isClosed) return []
      await assertPassing(kafkaError(description, error), watch)
      return []
    }
  }
  return {
    describeTopic: async (topic) => {
      const found = await catalog.describe(topic, patience)
      if (found === undefined) throw unknownTopic(topic, description)
      return found
    },
    bounds: (place) => bounds(place, patience),
    offsetsAt: (places, timestamp) => offsetsAt(parts, places, timestamp),
    assign: (assigned) => {
      ends = []
      watch.progressed()
      client.assign(positions.assign(assigned))
    },
    pause: (place) => {
      const position = positions.find(place)
      if (position === undefined) return
      position.isPaused = true
      client.pause([{ topic: place.topic, partition: place.partition }])
    },
    poll: async (limit) => {
      signal.throwIfAborted()
      if (isClosed) return NOTHING
      const begun = performance.now()
      const messages = await consume(limit)
      const told = ends
      ends = []
      const records = positions.take(messages)
      const reached = positions.reach(told)
      if (isClosed) return NOTHING
      if (records.length > 0 || reached.length > 0) {
        watch.progressed()
        return { records, reached }
      }
      const found = await watch.quiet(performance.now() - begun)
      return { records, reached: positions.reach(found.map(asDriverPosition)) }
    },
    commit: async (committed) => {
      if (group === undefined) throw withoutGroup()
      await retried(
        `${description}: committing offsets of group ${group}`,
        (answer: Answer) => client.commitCb(committed.map(asDriverPosition), answer),
        patience,
      )
    },
    close: async () => {
      isClosed = true
      await atMost(CONSUME_END_MILLISECONDS, consuming)
      await closeDriver(client, (one, answer) => one.disconnect(answer))
    },
  }
}

/** An error that passes by itself leaves the watch to count the silence. */
async function assertPassing(error: KafkaError, watch: StallWatch): Promise<void> {
  if (error.code === KAFKA_CODE.noOffset) await watch.findGone()
  if (!error.retriable) throw error
}

async function offsetsAt(
  { client, terms: { description }, options: { signal } }: DriverConsumerParts,
  places: readonly TopicPartition[],
  timestamp: Date,
): Promise<readonly (bigint | undefined)[]> {
  const doing = `${description}: asking for offsets at ${timestamp.toISOString()}`
  // Negative ones have meanings of their own.
  const milliseconds = Math.max(0, timestamp.getTime())
  const found = await retried(
    doing,
    (answer: Answer<readonly (DriverPosition | Error)[]>) =>
      client.offsetsForTimes(
        places.map(({ topic, partition }) => ({ topic, partition, offset: milliseconds })),
        QUERY_MILLISECONDS,
        answer,
      ),
    { milliseconds: RETRY_MILLISECONDS, signal },
  )
  return places.map(({ topic, partition }) => {
    const failed = found.find((one) => one instanceof Error)
    if (failed !== undefined) throw kafkaError(doing, failed)
    const one = found.find(
      (other) => 'topic' in other && other.topic === topic && other.partition === partition,
    )
    return one === undefined || !('offset' in one) || one.offset < 0 ? undefined : BigInt(one.offset)
  })
}

function asDriverPosition({
  topic,
  partition,
  offset,
}: TopicPartition & { readonly offset: bigint }): DriverPosition {
  return { topic, partition, offset: exactOffset(offset) }
}

function withoutGroup(): BatchError {
  return new BatchError(
    'INVALID_READER_OPTIONS',
    'The consumer was opened without a group, so that it has nowhere to commit offsets. Open it with one.',
  )
}
