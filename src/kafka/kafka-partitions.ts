/** The plan of a step that is partitioned as its topics are. */
import type { Partition } from '../core/model/partition.ts'
import type { IsolationLevel, KafkaClient } from './kafka-client.ts'
import type { LogWindow } from './kafka-checkpoint.ts'
import { settleWindow } from './read-window.ts'
import { planWindow, type WindowOptions } from './window-options.ts'

export interface KafkaPartitionsOptions extends WindowOptions {
  readonly client: KafkaClient
  /** Ends the asking. @default never */
  readonly signal?: AbortSignal
}

/** JSON, since it is stored with the plan: offsets are digits. */
export type KafkaPartitionValue = {
  readonly topic: string
  readonly partition: number
  readonly start: string
  readonly end: string
  readonly isolation: IsolationLevel
  readonly id: string | null
}

const LONGEST_NAME = 40

/**
 * One partition of the step for each of the topics', with its offsets from and to settled now, once for the instance. Partitions
 * without records are left out.
 * @throws BatchError as `kafkaReader` does when it is opened
 */
export async function kafkaPartitions({
  client,
  signal = new AbortController().signal,
  ...options
}: KafkaPartitionsOptions): Promise<readonly Partition<KafkaPartitionValue>[]> {
  const plan = planWindow(options)
  const consumer = await client.openConsumer({ isolation: plan.isolation, signal })
  try {
    const { windows, ids } = await settleWindow(consumer, plan)
    return windows
      .filter(({ start, end }) => start < end)
      .map(({ topic, partition, start, end }) => ({
        name: nameOf(plan.topics, topic, partition),
        value: {
          topic,
          partition,
          start: String(start),
          end: String(end),
          isolation: plan.isolation,
          id: ids.get(topic) ?? null,
        },
      }))
  } finally {
    await consumer.close()
  }
}

/** Long topics go by their number: two may begin alike. */
function nameOf(topics: readonly string[], topic: string, partition: number): string {
  const name = `${topic}-${partition}`
  return name.length <= LONGEST_NAME ? name : `topic${topics.indexOf(topic) + 1}-${partition}`
}

export function windowOfPartition({
  topic,
  partition,
  start,
  end,
  isolation,
  id,
}: KafkaPartitionValue): LogWindow {
  const window = { topic, partition, start: BigInt(start), next: BigInt(start), end: BigInt(end) }
  return { isolation, ids: new Map(id === null ? [] : [[topic, id]]), windows: [window] }
}
