/** What a step reads of a log: settled when it begins, checked when it is resumed. */
import { BatchError, isBatchError } from '../core/model/batch-error.ts'
import type { ReaderScope } from '../core/ports/item-reader.ts'
import type { IsolationLevel, KafkaBounds, KafkaConsumer, TopicPartition } from './kafka-client.ts'
import type { LogWindow, PartitionWindow } from './kafka-checkpoint.ts'

/**
 * `earliest`: the first record that is still there. `latest`: behind the last one. A timestamp: the first record at or after it.
 * Offsets: by topic and partition; those of partitions that are left out are `earliest`, or as an end, `latest`.
 */
export type KafkaEdge =
  | 'earliest'
  | 'latest'
  | { readonly timestamp: Date }
  | { readonly offsets: Readonly<Record<string, Readonly<Record<number, bigint>>>> }

export interface WindowPlan {
  readonly description: string
  readonly topics: readonly string[]
  /** Of the one topic. @default all */
  readonly partitions: readonly number[] | undefined
  readonly isolation: IsolationLevel
  readonly startAt: KafkaEdge
  readonly endAt: KafkaEdge
}

/** @throws BatchError INVALID_READER_OPTIONS for topics, partitions or offsets that are not there */
export async function settleWindow(consumer: KafkaConsumer, plan: WindowPlan): Promise<LogWindow> {
  const ids = new Map<string, string>()
  const places: TopicPartition[] = []
  for (const topic of plan.topics) {
    const found = await consumer.describeTopic(topic)
    if (found.id !== undefined) ids.set(topic, found.id)
    for (const partition of chosenPartitions(plan, topic, found.partitions)) places.push({ topic, partition })
  }
  const bounds: KafkaBounds[] = []
  for (const place of places) bounds.push(await consumer.bounds(place))
  const starts = await edges(consumer, plan, places, bounds, plan.startAt, 'earliest')
  const ends = await edges(consumer, plan, places, bounds, plan.endAt, 'latest')
  const windows = places.map((place, index): PartitionWindow => {
    const [start = 0n, end = 0n] = [starts[index], ends[index]]
    return { ...place, start, next: start, end: end < start ? start : end }
  })
  return { isolation: plan.isolation, ids, windows }
}

function chosenPartitions(
  { description, partitions }: WindowPlan,
  topic: string,
  found: readonly number[],
): readonly number[] {
  if (partitions === undefined) return found
  const missing = partitions.filter((one) => !found.includes(one))
  if (missing.length === 0) return partitions
  throw new BatchError(
    'INVALID_READER_OPTIONS',
    `${description}: topic ${topic} has no partition ${missing.join(', ')}; it has ${found.join(', ')}`,
    { details: { topic, missing, partitions: found } },
  )
}

async function edges(
  consumer: KafkaConsumer,
  plan: WindowPlan,
  places: readonly TopicPartition[],
  bounds: readonly KafkaBounds[],
  edge: KafkaEdge,
  otherwise: 'earliest' | 'latest',
): Promise<readonly bigint[]> {
  const at = (which: 'earliest' | 'latest', { low, end }: KafkaBounds): bigint =>
    which === 'earliest' ? low : end
  if (typeof edge === 'string') return bounds.map((one) => at(edge, one))
  if ('timestamp' in edge) {
    const offsets = await consumer.offsetsAt(places, edge.timestamp)
    return bounds.map(({ end }, index) => smaller(offsets[index] ?? end, end))
  }
  return places.map((place, index) => {
    const known = bounds[index] as KafkaBounds
    const offset = edge.offsets[place.topic]?.[place.partition]
    if (offset === undefined) return at(otherwise, known)
    if (offset >= known.low && offset <= known.end) return offset
    throw outside(plan, place, offset, known)
  })
}

function outside(
  { description }: WindowPlan,
  { topic, partition }: TopicPartition,
  offset: bigint,
  { low, end }: KafkaBounds,
): BatchError {
  return new BatchError(
    'INVALID_READER_OPTIONS',
    `${description}: offset ${offset} of topic ${topic}, partition ${partition}, is not there: its records stand from ${low} to before ${end}`,
    { details: { topic, partition, offset: String(offset), low: String(low), end: String(end) } },
  )
}

/**
 * The window stays what it was. That its records are still there is checked, so that none is left out silently.
 * @throws BatchError INPUT_CHANGED naming what is not as it was, unless `acceptChanges` is set: then what is gone is left out
 */
export async function resumeWindow(
  consumer: KafkaConsumer,
  plan: Pick<WindowPlan, 'description'>,
  settled: LogWindow,
  { acceptChanges = false, logger }: Pick<ReaderScope, 'acceptChanges' | 'logger'>,
): Promise<LogWindow> {
  const accept = (problem: string, details: Readonly<Record<string, unknown>>): void => {
    if (!acceptChanges) throw changed(plan, problem, details)
    logger.warn(details, `${plan.description}: ${problem}; accepted`)
  }
  const ids = new Map(settled.ids)
  for (const topic of new Set(settled.windows.filter(isOpen).map((one) => one.topic))) {
    const { id } = await consumer.describeTopic(topic)
    const known = ids.get(topic)
    if (id === undefined || known === undefined || id === known) continue
    accept(createdAnew(topic), { topic, id, was: known })
    ids.set(topic, id)
  }
  const windows: PartitionWindow[] = []
  for (const window of settled.windows)
    windows.push(isOpen(window) ? await stillThere(consumer, window, accept) : window)
  return { ...settled, ids, windows }
}

/**
 * A log that is created anew while it is read has other records at the same offsets, and no error tells it. One that is deleted
 * behind what was read does no harm.
 * @throws BatchError INPUT_CHANGED
 */
export async function assertSameTopics(
  consumer: KafkaConsumer,
  plan: Pick<WindowPlan, 'description'>,
  { ids }: LogWindow,
): Promise<void> {
  for (const [topic, was] of ids) {
    const id = await currentId(consumer, topic)
    if (id !== undefined && id !== was) throw changed(plan, createdAnew(topic), { topic, id, was })
  }
}

async function currentId(consumer: KafkaConsumer, topic: string): Promise<string | undefined> {
  try {
    return (await consumer.describeTopic(topic)).id
  } catch (error) {
    if (isBatchError(error, 'INVALID_READER_OPTIONS')) return undefined
    throw error
  }
}

function createdAnew(topic: string): string {
  return `topic ${topic} was deleted and created anew since`
}

export function isOpen({ next, end }: PartitionWindow): boolean {
  return next < end
}

async function stillThere(
  consumer: KafkaConsumer,
  window: PartitionWindow,
  accept: (problem: string, details: Readonly<Record<string, unknown>>) => void,
): Promise<PartitionWindow> {
  const { topic, partition, next, end } = window
  const bounds = await consumer.bounds(window)
  const facts = {
    topic,
    partition,
    next: String(next),
    end: String(end),
    low: String(bounds.low),
    high: String(bounds.end),
  }
  if (bounds.low > next) {
    const last = smaller(bounds.low, end) - 1n
    accept(
      `of topic ${topic}, partition ${partition}, the records from ${next} to ${last} are gone (retention)`,
      facts,
    )
  }
  if (bounds.end < end)
    accept(
      `topic ${topic}, partition ${partition}, ends at ${bounds.end} now, and was to be read to ${end}: records were lost, or it is another log`,
      facts,
    )
  const lastEnd = smaller(end, bounds.end)
  return { ...window, next: smaller(larger(next, bounds.low), lastEnd), end: lastEnd }
}

function changed(
  { description }: Pick<WindowPlan, 'description'>,
  problem: string,
  details: Readonly<Record<string, unknown>>,
): BatchError {
  return new BatchError(
    'INPUT_CHANGED',
    `${description}: ${problem}. Restart with --accept-changes to go on without them, or start an instance with other identifying parameters.`,
    { details },
  )
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}
