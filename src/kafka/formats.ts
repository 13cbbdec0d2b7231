/** How keys and values stand in the log's bytes. */
import type { z } from 'zod'

/**
 * Both directions of one encoding. `null` bytes are none: a record without a key, a tombstone. A schema registry is such a pair
 * of functions too, which may answer promises.
 */
export interface KafkaFormat<T> {
  /** @throws where the bytes are not of this format: the record is a fault then, and may be skipped */
  readonly read: (bytes: Buffer | null, place: FormatPlace) => T | Promise<T>
  /** @throws where the value cannot be written: the item has failed then, and may be skipped */
  readonly write: (value: T, place: FormatPlace) => Buffer | null | Promise<Buffer | null>
}

export interface FormatPlace {
  readonly topic: string
  readonly part: 'key' | 'value'
}

/** The bytes as they are. */
export const bytes: KafkaFormat<Buffer | null> = {
  read: (value) => value,
  write: (value) => value,
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8. Bytes that are not are a fault. */
export const text: KafkaFormat<string | null> = {
  read: (value) => (value === null ? null : decodeText(value)),
  write: (value) => (value === null ? null : Buffer.from(value)),
}

/**
 * JSON in UTF-8. A tombstone is null, in both directions; with a schema, which checks each value and makes the item of it, it is
 * a fault unless the schema takes null. What is written goes through no schema.
 */
export function json(): KafkaFormat<unknown>
export function json<T>(schema: z.ZodType<T>): KafkaFormat<T>
export function json<T>(schema?: z.ZodType<T>): KafkaFormat<T> {
  return {
    read: schema === undefined ? (value) => parseJson(value) as T : checkedBy(schema),
    write: (value) => (value === null ? null : encodeJson(value)),
  }
}

/** Synchronously until zod says that the schema is not. */
function checkedBy<T>(schema: z.ZodType<T>): KafkaFormat<T>['read'] {
  let isAsynchronous = false
  return (value) => {
    const parsed = parseJson(value)
    if (isAsynchronous) return schema.parseAsync(parsed)
    try {
      return schema.parse(parsed)
    } catch (error) {
      if (!(error instanceof Error) || error.constructor.name !== '$ZodAsyncError') throw error
      isAsynchronous = true
      return schema.parseAsync(parsed)
    }
  }
}

function parseJson(value: Buffer | null): unknown {
  return value === null ? null : JSON.parse(decodeText(value))
}

function encodeJson(value: unknown): Buffer {
  const encoded = JSON.stringify(value) as string | undefined
  if (encoded !== undefined) return Buffer.from(encoded)
  throw new TypeError(`a ${typeof value} cannot be written as JSON; null writes a tombstone`)
}

function decodeText(value: Buffer): string {
  return UTF8.decode(value)
}
