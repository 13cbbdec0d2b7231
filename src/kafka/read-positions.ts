/** How far each assigned partition has been handed over: the driver does not say all of it, and errors may come without a place. */
import type { KafkaLogRecord, KafkaPosition, TopicPartition } from './kafka-client.ts'
import type { DriverMessage, DriverPosition } from './confluent-driver.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'

/** `next` is a number as the driver's offsets are: they are exact up to 2^53, and refused beyond. */
export interface ReadPosition {
  readonly place: TopicPartition
  next: number
  /** The last end that was told; another one comes when more was read. */
  end: number | undefined
  isPaused: boolean
}

export interface ReadPositions {
  readonly assign: (positions: readonly KafkaPosition[]) => readonly DriverPosition[]
  readonly find: (place: TopicPartition) => ReadPosition | undefined
  /** Those that are neither paused nor at their end: something is to come. */
  readonly unfinished: () => readonly ReadPosition[]
  /** Each message once, as the port's record; those of partitions that are not read any more are left out. */
  readonly take: (messages: readonly DriverMessage[]) => readonly KafkaLogRecord[]
  /** Of the ends that were told, those that lead further. */
  readonly reach: (ends: readonly DriverPosition[]) => readonly KafkaPosition[]
}

const NO_HEADERS: KafkaLogRecord['headers'] = []

export function readPositions(): ReadPositions {
  let byTopic = new Map<string, Map<number, ReadPosition>>()
  const find: ReadPositions['find'] = ({ topic, partition }) => byTopic.get(topic)?.get(partition)
  return {
    find,
    assign: (positions) => {
      byTopic = new Map()
      return positions.map(({ topic, partition, offset }) => {
        const next = exactOffset(offset)
        const partitions = byTopic.get(topic) ?? new Map<number, ReadPosition>()
        partitions.set(partition, { place: { topic, partition }, next, end: undefined, isPaused: false })
        byTopic.set(topic, partitions)
        return { topic, partition, offset: next }
      })
    },
    unfinished: () =>
      [...byTopic.values()]
        .flatMap((partitions) => [...partitions.values()])
        .filter(({ isPaused, end, next }) => !isPaused && end !== next),
    take: (messages) => takeMessages(messages, find),
    reach: (ends) =>
      ends.flatMap((end) => {
        const position = find(end)
        if (position === undefined || position.isPaused || end.offset < position.next) return []
        position.next = end.offset
        position.end = end.offset
        return [{ ...position.place, offset: BigInt(end.offset) }]
      }),
  }
}

/** Messages come in runs of one partition, so that it is looked up once a run. */
function takeMessages(
  messages: readonly DriverMessage[],
  find: ReadPositions['find'],
): readonly KafkaLogRecord[] {
  const records: KafkaLogRecord[] = []
  let topic: string | undefined
  let partition = -1
  let position: ReadPosition | undefined
  for (const message of messages) {
    if (message.partition !== partition || message.topic !== topic) {
      ;({ topic, partition } = message)
      position = find(message)
    }
    if (position === undefined || position.isPaused || message.offset < position.next) continue
    position.next = message.offset + 1
    records.push(recordOf(message))
  }
  return records
}

function recordOf(message: DriverMessage): KafkaLogRecord {
  const { topic, partition, offset, timestamp, key, value, headers } = message
  if (offset >= Number.MAX_SAFE_INTEGER) throw beyondExact(offset)
  return {
    topic,
    partition,
    offset: BigInt(offset),
    timestamp: timestamp < 0 ? undefined : timestamp,
    key,
    value,
    headers: headers === undefined ? NO_HEADERS : headers.map(headerOf),
  }
}

function headerOf(header: Readonly<Record<string, Buffer>>): KafkaLogRecord['headers'][number] {
  for (const [name, value] of Object.entries(header)) return { name, value }
  // The driver sets a property of the header's name: with this name it has set the object's prototype.
  return { name: '__proto__', value: Object.getPrototypeOf(header) as Buffer }
}

/** @throws KafkaError for an offset that the driver cannot tell from its neighbour */
export function exactOffset(offset: bigint): number {
  const exact = Number(offset)
  if (!Number.isSafeInteger(exact)) throw beyondExact(offset)
  return exact
}

function beyondExact(offset: bigint | number): KafkaError {
  return new KafkaError(`offset ${offset} is beyond 2^53, up to which the Kafka client counts exactly`, {
    code: KAFKA_CODE.invalidRecord,
    retriable: false,
  })
}
