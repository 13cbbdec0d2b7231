/** Items on their way into the log: encoded, or named with what is wrong with them. */
import type { ItemFailure } from '../core/ports/items-failed.ts'
import type { KafkaFormat } from './formats.ts'
import type { KafkaHeader, KafkaOutput } from './kafka-client.ts'

/** What becomes of an item in the log. */
export interface KafkaOutgoing<V, K> {
  /** Of this item. @default the writer's */
  readonly topic?: string
  /** @default by the key, where Java's default partitioner would put it; without a key any */
  readonly partition?: number
  /** @default null: none */
  readonly key?: K
  /** Null is a tombstone, and needs a key. */
  readonly value: V
  /** Names to values, or a list where a name stands several times. @default none */
  readonly headers?: Readonly<Record<string, string | Buffer>> | readonly KafkaHeader[]
  /** @default the time of sending */
  readonly timestamp?: Date
}

export interface OutgoingPlan<T, V, K> {
  readonly topic: string | undefined
  readonly record: (item: T) => KafkaOutgoing<V, K>
  readonly key: Pick<KafkaFormat<K>, 'write'>
  readonly value: Pick<KafkaFormat<V>, 'write'>
}

export interface EncodedItems {
  readonly outputs: readonly KafkaOutput[]
  /** The item that each output is of. */
  readonly itemOf: readonly number[]
  readonly failures: readonly ItemFailure[]
}

/** Waits only for formats that answer promises. An item that cannot be encoded keeps no other from being sent. */
export async function encodeItems<T, V, K>(
  items: readonly T[],
  plan: OutgoingPlan<T, V, K>,
): Promise<EncodedItems> {
  const outputs: KafkaOutput[] = []
  const itemOf: number[] = []
  const failures: ItemFailure[] = []
  for (const [index, item] of items.entries()) {
    try {
      const output = encodeItem(item, plan)
      outputs.push(output instanceof Promise ? await output : output)
      itemOf.push(index)
    } catch (error) {
      failures.push({ index, error })
    }
  }
  return { outputs, itemOf, failures }
}

function encodeItem<T, V, K>(item: T, plan: OutgoingPlan<T, V, K>): KafkaOutput | Promise<KafkaOutput> {
  const outgoing = plan.record(item)
  const topic = outgoing.topic ?? plan.topic
  if (topic === undefined) throw new TypeError('the record has no topic, and neither has the writer')
  const key = outgoing.key === undefined ? null : plan.key.write(outgoing.key, { topic, part: 'key' })
  const value = plan.value.write(outgoing.value, { topic, part: 'value' })
  if (!(key instanceof Promise) && !(value instanceof Promise)) return outputOf(outgoing, topic, key, value)
  return Promise.all([key, value]).then((encoded) => outputOf(outgoing, topic, ...encoded))
}

function outputOf(
  { partition, headers, timestamp }: KafkaOutgoing<unknown, unknown>,
  topic: string,
  key: Buffer | null,
  value: Buffer | null,
): KafkaOutput {
  assertBytes('key', key)
  assertBytes('value', value)
  if (key === null && value === null)
    throw new TypeError('a tombstone (value null) needs a key: without one it deletes nothing')
  const plain = { topic, key, value, headers: headers === undefined ? NO_HEADERS : headersOf(headers) }
  // Most records are plain, and spreading costs more than all the rest here.
  if (partition === undefined && timestamp === undefined) return plain
  return {
    ...plain,
    ...(partition !== undefined && { partition }),
    ...(timestamp !== undefined && { timestamp: timestamp.getTime() }),
  }
}

const NO_HEADERS: readonly KafkaHeader[] = []

function headersOf(headers: NonNullable<KafkaOutgoing<unknown, unknown>['headers']>): readonly KafkaHeader[] {
  const sent = isHeaderList(headers) ? headers : Object.entries(headers).map(headerOf)
  sent.forEach(assertHeader)
  return sent
}

/** The driver takes some other things as well, and sends something else in their place, or fails behind having sent them. */
function assertBytes(part: 'key' | 'value', encoded: unknown): void {
  if (encoded === null || Buffer.isBuffer(encoded)) return
  throw new TypeError(
    `the format of the ${part} has answered ${typeNameOf(encoded)}: it must be a Buffer, or null`,
  )
}

function assertHeader({ name, value }: KafkaHeader): void {
  if (typeof name === 'string' && Buffer.isBuffer(value)) return
  throw new TypeError(
    `the header ${String(name)} is ${typeNameOf(value)}: give it a text or a Buffer, or leave it out`,
  )
}

function typeNameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object' ? `a ${value.constructor?.name ?? 'object'}` : `a ${typeof value}`
}

function headerOf([name, value]: readonly [string, string | Buffer]): KafkaHeader {
  return { name, value: typeof value === 'string' ? Buffer.from(value) : value }
}

function isHeaderList(
  headers: NonNullable<KafkaOutgoing<unknown, unknown>['headers']>,
): headers is readonly KafkaHeader[] {
  return Array.isArray(headers)
}
