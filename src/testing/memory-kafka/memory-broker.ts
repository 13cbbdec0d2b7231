/** What consumers, producers and tests of one log in memory share: topics, offsets of groups, who holds a transactional id. */
import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../../core/ports/clock.ts'
import type { KafkaGroupOffset, TopicPartition } from '../../kafka/kafka-client.ts'
import { KAFKA_CODE } from '../../kafka/kafka-code.ts'
import { KafkaError } from '../../kafka/kafka-error.ts'
import { type LogTransaction, type PartitionLog, partitionLog } from './partition-log.ts'
import { type PlannedFailures, plannedFailures } from './planned-failures.ts'

/** Names a topic, and never another one of the same name. */
export interface MemoryTopic {
  readonly name: string
  readonly id: string
  readonly partitions: readonly PartitionLog[]
  readonly maxRecordBytes: number
  /** For records without a key, in turn. */
  keyless: number
}

/** Who holds a transactional id, and may therefore commit. */
export interface ProducerSession {
  transaction: LogTransaction | undefined
}

export interface MemoryBroker {
  readonly description: string
  readonly clock: Clock
  readonly topics: Map<string, MemoryTopic>
  readonly sessions: Map<string, ProducerSession>
  readonly failures: PlannedFailures
  readonly createTopic: (name: string, partitions: number, maxRecordBytes: number) => void
  /** Undefined for a topic or partition that is not there. */
  readonly find: (place: TopicPartition) => PartitionLog | undefined
  readonly storeOffsets: (group: string, offsets: readonly KafkaGroupOffset[]) => void
  /** By topic, then by partition. */
  readonly groupOffsets: (group: string) => readonly KafkaGroupOffset[]
  /** Those that have committed offsets. */
  readonly groups: () => readonly string[]
  readonly end: (transaction: LogTransaction, outcome: 'committed' | 'aborted') => void
  readonly isAway: () => boolean
  readonly setAway: (away: boolean) => void
  /** @throws KafkaError while the brokers are away */
  readonly assertThere: () => void
  /** @throws the signal's reason */
  readonly untilThere: (signal: AbortSignal) => Promise<void>
}

const MOMENT_MILLISECONDS = 5

export function memoryBroker(clock: Clock): MemoryBroker {
  const topics = new Map<string, MemoryTopic>()
  const groups = new Map<string, Map<string, KafkaGroupOffset>>()
  let created = 0
  let away = false
  return {
    description: 'kafka in memory',
    clock,
    topics,
    sessions: new Map(),
    failures: plannedFailures(),
    createTopic: (name, partitions, maxRecordBytes) => {
      if (topics.has(name)) throw new Error(`the topic ${name} is there already`)
      topics.set(name, {
        name,
        id: `topic-${++created}`,
        partitions: Array.from({ length: partitions }, partitionLog),
        maxRecordBytes,
        keyless: 0,
      })
    },
    find: ({ topic, partition }) => topics.get(topic)?.partitions[partition],
    storeOffsets: (group, offsets) => {
      const stored = groups.get(group) ?? new Map<string, KafkaGroupOffset>()
      for (const offset of offsets) stored.set(placeName(offset), offset)
      groups.set(group, stored)
    },
    groupOffsets: (group) => [...(groups.get(group)?.values() ?? [])].toSorted(byPlace),
    groups: () => [...groups.keys()].toSorted(),
    end: (transaction, outcome) => {
      if (transaction.state !== 'open') return
      transaction.state = outcome
      for (const log of transaction.touched) log.mark(transaction)
    },
    isAway: () => away,
    setAway: (value) => void (away = value),
    assertThere: () => {
      if (away) throw new KafkaError('the brokers are away', { code: KAFKA_CODE.transport })
    },
    untilThere: async (signal) => {
      while (away) await aMoment(signal)
    },
  }
}

export function placeName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

/** @throws the signal's reason */
export async function aMoment(signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(MOMENT_MILLISECONDS, undefined, { signal })
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  }
}

function byPlace(one: TopicPartition, other: TopicPartition): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1
  return one.partition - other.partition
}
