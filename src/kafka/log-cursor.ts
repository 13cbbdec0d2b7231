/** How far each partition of a window has been taken from the log, and handed over. */
import type {
  KafkaConsumer,
  KafkaLogRecord,
  KafkaPoll,
  KafkaPosition,
  TopicPartition,
} from './kafka-client.ts'
import { isOpen } from './read-window.ts'
import type { PartitionWindow } from './kafka-checkpoint.ts'

/** Calls never overlap. */
export interface LogCursor {
  /** Records that wait to be handed over, in the order in which they arrived; a poll adds to them when there are none. */
  readonly waiting: (limit: number) => Promise<readonly KafkaLogRecord[]>
  /** Nothing more is wanted of the log; records may wait to be handed over. */
  readonly isTaken: () => boolean
  /** Everything has been handed over. */
  readonly isAtEnd: () => boolean
  /** Where each partition stands. */
  readonly positions: () => readonly bigint[]
  /** Where each stood behind the last record that was handed over: markers and aborted records may lie behind it. */
  readonly handedOver: () => readonly bigint[]
  /** Hands over the first of the waiting; answers where each partition stands behind the record at an index. */
  readonly handOver: (records: readonly KafkaLogRecord[]) => (index: number) => readonly bigint[]
}

/** What a partition's end is known by: a record at or behind it, or the word of the log that it is reached. */
export function openCursor(consumer: KafkaConsumer, windows: readonly PartitionWindow[]): LogCursor {
  const indexOf = partitionIndex(windows)
  const ends = windows.map(({ end }) => end)
  let next: readonly bigint[] = windows.map((one) => one.next)
  let handed = next
  let queue: readonly KafkaLogRecord[] = []
  /** Told with the queue's records, and true behind them. */
  let reached: readonly KafkaPosition[] = []
  /** Partitions that nothing more is wanted of. */
  const finished = new Set(windows.flatMap((window, index) => (isOpen(window) ? [] : [index])))

  const finish = (index: number, place: TopicPartition): void => {
    if (finished.has(index)) return
    finished.add(index)
    consumer.pause(place)
  }
  const endOf = (index: number): bigint => ends[index] ?? 0n
  const takeIn = ({ records, reached: told }: KafkaPoll): void => {
    queue = records.filter((record) => {
      const index = indexOf(record)
      const end = endOf(index)
      if (record.offset >= end - 1n) finish(index, record)
      return record.offset < end
    })
    reached = [...told, ...records.filter((record) => record.offset >= endOf(indexOf(record)))]
    for (const place of told) if (place.offset >= endOf(indexOf(place))) finish(indexOf(place), place)
    if (queue.length === 0) next = behindReached(next)
  }
  const behindReached = (from: readonly bigint[]): readonly bigint[] => {
    if (reached.length === 0) return from
    const to = [...from]
    for (const place of reached) advance(to, indexOf(place), place.offset)
    return to
  }
  /** Never past the end, so that a partition that is read is the same in each checkpoint. */
  const advance = (to: bigint[], index: number, offset: bigint): void => {
    const end = endOf(index)
    const bounded = offset < end ? offset : end
    if (bounded > (to[index] ?? 0n)) to[index] = bounded
  }
  return {
    waiting: async (limit) => {
      if (queue.length === 0 && finished.size < windows.length) takeIn(await consumer.poll(limit))
      return queue
    },
    isTaken: () => finished.size === windows.length,
    isAtEnd: () => queue.length === 0 && finished.size === windows.length,
    positions: () => next,
    handedOver: () => handed,
    handOver: (records) => {
      const before = next
      const isAll = records.length === queue.length
      const after = (index: number): readonly bigint[] => {
        const to = [...before]
        for (let at = 0; at <= index; at += 1) {
          const record = records[at] as KafkaLogRecord
          advance(to, indexOf(record), record.offset + 1n)
        }
        return to
      }
      queue = queue.slice(records.length)
      handed = next = after(records.length - 1)
      if (!isAll) return after
      const last = (handed = next = behindReached(next))
      return (index) => (index === records.length - 1 ? last : after(index))
    },
  }
}

/** Records of one partition mostly come together, so the last answer is mostly the next. */
function partitionIndex(windows: readonly TopicPartition[]): (place: TopicPartition) => number {
  const indexes = new Map<string, Map<number, number>>()
  windows.forEach(({ topic, partition }, index) => {
    const ofTopic = indexes.get(topic) ?? new Map<number, number>()
    indexes.set(topic, ofTopic.set(partition, index))
  })
  let [lastTopic, lastPartition, lastIndex] = ['', -1, -1]
  return ({ topic, partition }) => {
    if (partition === lastPartition && topic === lastTopic) return lastIndex
    const index = indexes.get(topic)?.get(partition)
    if (index === undefined) throw new Error(`topic ${topic}, partition ${partition}, was not asked for`)
    ;[lastTopic, lastPartition, lastIndex] = [topic, partition, index]
    return index
  }
}
