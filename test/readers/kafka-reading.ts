/** A log in memory, and what a reader makes of it. */
import { z } from 'zod'
import type { Checkpoint } from '../../src/core/model/json-value.ts'
import type { ItemReader, OpenedReader } from '../../src/core/ports/item-reader.ts'
import { json } from '../../src/kafka/formats.ts'
import { kafkaReader } from '../../src/readers/kafka.ts'
import { NO_RESOURCES, SILENT_LOGGER } from '../../src/testing/contracts/scope.ts'
import { type MemoryKafka, memoryKafka } from '../../src/testing/memory-kafka.ts'

export const TOPIC = 'trades'

/** Records 0, 1, 2 … whose values are their numbers. */
export function logOf(count: number, partitions = 1, recordsPerPoll = 10): MemoryKafka {
  const log = memoryKafka({ recordsPerPoll })
  log.createTopic(TOPIC, { partitions })
  log.produce(
    TOPIC,
    Array.from({ length: count }, (_, index) => ({
      partition: index % partitions,
      value: String(index),
      timestamp: index * 1000,
    })),
  )
  return log
}

export const readerOf = (client: MemoryKafka, options: object = {}) =>
  kafkaReader({ client, topic: TOPIC, value: json(z.number()), ...options })

export async function opened<T>(
  reader: ItemReader<T>,
  from?: Checkpoint,
  acceptChanges = false,
): Promise<OpenedReader<T>> {
  const { signal } = new AbortController()
  return reader.open({ from, acceptChanges, signal, logger: SILENT_LOGGER, resources: NO_RESOURCES })
}

export interface Read<T> {
  readonly items: readonly T[]
  readonly last: Checkpoint | undefined
}

/** To the end, or up to `count` items. */
export async function readFrom<T>(reader: OpenedReader<T>, count = Infinity, limit = 7): Promise<Read<T>> {
  const items: T[] = []
  let last: Checkpoint | undefined
  while (items.length < count) {
    const page = await reader.read(Math.min(limit, count - items.length))
    if (page === undefined) break
    items.push(...page.items)
    if (page.items.length > 0) last = page.checkpointAfter(page.items.length - 1)
    if (page.fault !== undefined) throw page.fault.error
  }
  return { items, last }
}

export async function readAll<T>(
  reader: ItemReader<T>,
  from?: Checkpoint,
  acceptChanges?: boolean,
): Promise<readonly T[]> {
  const live = await opened(reader, from, acceptChanges)
  try {
    return (await readFrom(live)).items
  } finally {
    await live.close()
  }
}

export const values = (records: readonly { readonly value: unknown }[]) => records.map(({ value }) => value)

export async function rejected(work: Promise<unknown>): Promise<Error & { readonly code: string }> {
  try {
    await work
  } catch (error) {
    return error as Error & { readonly code: string }
  }
  throw new Error('it was not rejected')
}
