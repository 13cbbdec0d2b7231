/** Where a reader stands in a log, and up to where it reads: what its checkpoints say. */
import { BatchError } from '../core/model/batch-error.ts'
import type { Checkpoint } from '../core/model/json-value.ts'
import { ISOLATION_LEVELS, type IsolationLevel, type TopicPartition } from './kafka-client.ts'

export const KAFKA_READER_KIND = 'kafka'

/** The records of one partition that a step reads: from `start` to before `end`. `next` is the next one to be read. */
export interface PartitionWindow extends TopicPartition {
  readonly start: bigint
  readonly next: bigint
  readonly end: bigint
}

/** What a step reads of a log, and where it stands in it. */
export interface LogWindow {
  readonly isolation: IsolationLevel
  /** By topic, where the log tells them: see `KafkaTopic.id`. */
  readonly ids: ReadonlyMap<string, string>
  readonly windows: readonly PartitionWindow[]
}

/** `{ isolation, topics: { trades: { id, partitions: { '0': '0-501-1800' } } } }`: start, next, end. */
export function encodeWindow({ isolation, ids, windows }: LogWindow): Checkpoint {
  const topics = new Map<string, { id?: string; partitions: Record<string, string> }>()
  for (const { topic, partition, start, next, end } of windows) {
    const id = ids.get(topic)
    const known = topics.get(topic) ?? { ...(id !== undefined && { id }), partitions: {} }
    known.partitions[String(partition)] = `${start}-${next}-${end}`
    topics.set(topic, known)
  }
  return { isolation, topics: Object.fromEntries(topics) }
}

const WINDOW = /^(\d+)-(\d+)-(\d+)$/

/** @throws BatchError CHECKPOINT_REFUSED for what `encodeWindow` has not made */
export function decodeWindow(checkpoint: Checkpoint, whose: string): LogWindow {
  const { isolation, topics } = checkpoint as { readonly isolation?: unknown; readonly topics?: unknown }
  if (
    !ISOLATION_LEVELS.includes(isolation as IsolationLevel) ||
    typeof topics !== 'object' ||
    topics === null
  )
    throw refused(checkpoint, whose)
  const ids = new Map<string, string>()
  const windows = Object.entries(topics as Readonly<Record<string, unknown>>).flatMap(([topic, known]) => {
    const { id, partitions = {} } = (known ?? {}) as { readonly id?: unknown; readonly partitions?: object }
    if (typeof id === 'string') ids.set(topic, id)
    return Object.entries(partitions).map(([partition, window]) => {
      const [, start, next, end] = WINDOW.exec(String(window)) ?? []
      if (start === undefined || next === undefined || end === undefined) throw refused(checkpoint, whose)
      return {
        topic,
        partition: Number(partition),
        start: BigInt(start),
        next: BigInt(next),
        end: BigInt(end),
      }
    })
  })
  return { isolation: isolation as IsolationLevel, ids, windows }
}

/** What a reader names: as `WindowPlan` has it. */
interface ReadingOf {
  readonly topics: readonly string[]
  readonly partitions: readonly number[] | undefined
  readonly description: string
}

/**
 * What is read stays what it was when the step began, so a reader of something else would read the former, or leave out what was added.
 * @throws BatchError CHECKPOINT_REFUSED for topics or partitions that are not those of the window
 */
export function assertWindowOf({ windows }: LogWindow, { topics, partitions, description }: ReadingOf): void {
  const began = new Set(windows.map(({ topic }) => topic))
  const isSame =
    topics.length === began.size &&
    topics.every((topic) => began.has(topic)) &&
    (partitions === undefined ||
      (partitions.length === windows.length &&
        windows.every(({ partition }) => partitions.includes(partition))))
  if (isSame) return
  const was = windows.map(({ topic, partition }) => `${topic}/${partition}`)
  throw new BatchError(
    'CHECKPOINT_REFUSED',
    `${description}: the step has begun with other topics or partitions (${was.join(', ')}), and reads those to their end. ` +
      'Name them again, or start an instance with other identifying parameters.',
    { details: { topics, partitions, was } },
  )
}

function refused(from: Checkpoint, whose: string): BatchError {
  return new BatchError('CHECKPOINT_REFUSED', `${whose}: the checkpoint is not one of a Kafka reader`, {
    details: { from },
  })
}
