/** A consumer of the log in memory. */
import { setImmediate } from 'node:timers/promises'
import { BatchError } from '../../core/model/batch-error.ts'
import type {
  KafkaBounds,
  KafkaConsumer,
  KafkaConsumerOptions,
  KafkaLogRecord,
  KafkaPoll,
  KafkaPosition,
  TopicPartition,
} from '../../kafka/kafka-client.ts'
import { offsetGone, unknownPartition, unknownTopic } from '../../kafka/kafka-refusals.ts'
import { aMoment, type MemoryBroker, placeName } from './memory-broker.ts'
import type { PartitionLog } from './partition-log.ts'

interface Assigned {
  readonly place: TopicPartition
  /** Of the topic that was there: another one of the same name is not read. */
  readonly log: PartitionLog | undefined
  next: bigint
  /** An end is told once, until there is another one. */
  told: bigint | undefined
  isPaused: boolean
}

const NOTHING: KafkaPoll = { records: [], reached: [] }

export function memoryConsumer(
  broker: MemoryBroker,
  { isolation, group, signal }: KafkaConsumerOptions,
  recordsPerPoll: number,
): KafkaConsumer {
  const closed = new AbortController()
  const waiting = AbortSignal.any([signal, closed.signal])
  let assigned: Assigned[] = []
  let turn = 0
  const boundsOf = (place: TopicPartition): KafkaBounds => {
    if (!broker.topics.has(place.topic)) throw unknownTopic(place.topic, broker.description)
    const log = broker.find(place)
    if (log === undefined) throw unknownPartition(place, broker.description)
    return log.bounds(isolation)
  }
  const take = (limit: number): KafkaPoll => {
    const records: KafkaLogRecord[] = []
    const reached: KafkaPosition[] = []
    const from = assigned.length === 0 ? 0 : turn++ % assigned.length
    for (const one of [...assigned.slice(from), ...assigned.slice(0, from)]) {
      if (one.isPaused || records.length >= limit) continue
      const read = assertReadable(broker, one).read(one.next, limit - records.length, isolation)
      records.push(...read.records)
      one.next = read.next
      if (!read.isEnd || one.told === read.next) continue
      one.told = read.next
      reached.push({ ...one.place, offset: read.next })
    }
    return { records, reached }
  }
  return {
    describeTopic: async (name) => {
      meet(broker, 'describeTopic')
      const topic = broker.topics.get(name)
      if (topic === undefined) throw unknownTopic(name, broker.description)
      return { id: topic.id, partitions: [...topic.partitions.keys()] }
    },
    bounds: async (place) => {
      meet(broker, 'bounds')
      return boundsOf(place)
    },
    offsetsAt: async (places, timestamp) => {
      meet(broker, 'offsetsAt')
      for (const place of places) boundsOf(place)
      return places.map((place) => broker.find(place)?.firstAt(timestamp.getTime(), isolation))
    },
    assign: (positions) => {
      assigned = positions.map(({ topic, partition, offset }) => {
        const place = { topic, partition }
        return { place, log: broker.find(place), next: offset, told: undefined, isPaused: false }
      })
    },
    pause: (place) => {
      const one = assigned.find((other) => placeName(other.place) === placeName(place))
      if (one !== undefined) one.isPaused = true
    },
    poll: async (limit) => {
      await setImmediate()
      signal.throwIfAborted()
      if (closed.signal.aborted) return NOTHING
      broker.failures.meet('poll')
      const polled = broker.isAway() ? NOTHING : take(Math.min(limit, recordsPerPoll))
      if (polled.records.length === 0 && polled.reached.length === 0) await waitOrClosed(waiting, signal)
      return polled
    },
    commit: async (positions) => {
      meet(broker, 'commitOffsets')
      if (group === undefined) throw withoutGroup()
      broker.storeOffsets(
        group,
        positions.map(({ topic, partition, offset }) => ({ topic, partition, offset, metadata: '' })),
      )
    },
    close: async () => closed.abort(),
  }
}

function meet(broker: MemoryBroker, call: Parameters<MemoryBroker['failures']['meet']>[0]): void {
  broker.failures.meet(call)
  broker.assertThere()
}

function assertReadable(broker: MemoryBroker, { place, log, next }: Assigned): PartitionLog {
  const position = { ...place, offset: next }
  if (log === undefined || broker.find(place) !== log) {
    throw offsetGone(position, undefined, broker.description)
  }
  const { low, end } = log.bounds('read_uncommitted')
  if (next < low || next > end) throw offsetGone(position, { low, end }, broker.description)
  return log
}

async function waitOrClosed(waiting: AbortSignal, signal: AbortSignal): Promise<void> {
  try {
    await aMoment(waiting)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (!waiting.aborted) throw error
  }
}

function withoutGroup(): BatchError {
  return new BatchError(
    'INVALID_READER_OPTIONS',
    'The consumer was opened without a group, so that it has nowhere to commit offsets. Open it with one.',
  )
}
