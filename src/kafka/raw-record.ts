/** Records as the text in which the quarantine keeps them, and back. */
import type { KafkaLogRecord } from './kafka-client.ts'

type RawBytes = string | null | { readonly base64: string }

interface RawRecord {
  readonly key: RawBytes
  readonly value: RawBytes
  readonly headers?: readonly (readonly [string, RawBytes])[]
  readonly timestamp?: number
}

/** JSON that a person can read where the bytes are text. Keeps everything of the record but its place. */
export function encodeRawRecord({ key, value, headers, timestamp }: KafkaLogRecord): string {
  const raw: RawRecord = {
    key: encodeBytes(key),
    value: encodeBytes(value),
    ...(headers.length > 0 && { headers: headers.map((one) => [one.name, encodeBytes(one.value)] as const) }),
    ...(timestamp !== undefined && { timestamp }),
  }
  return JSON.stringify(raw)
}

/** @throws SyntaxError for a text that `encodeRawRecord` has not made */
export function decodeRawRecord(
  raw: string,
  { topic, partition, offset }: Readonly<Record<string, unknown>>,
): KafkaLogRecord {
  const { key, value, headers = [], timestamp } = JSON.parse(raw) as RawRecord
  return {
    topic: String(topic),
    partition: Number(partition),
    offset: BigInt(offset as string),
    key: decodeBytes(key),
    value: decodeBytes(value),
    headers: headers.map(([name, one]) => ({ name, value: decodeBytes(one) ?? Buffer.alloc(0) })),
    timestamp,
  }
}

function encodeBytes(bytes: Buffer | null): RawBytes {
  if (bytes === null) return null
  const text = bytes.toString()
  return bytes.equals(Buffer.from(text)) ? text : { base64: bytes.toString('base64') }
}

function decodeBytes(raw: RawBytes): Buffer | null {
  if (raw === null) return null
  return typeof raw === 'string' ? Buffer.from(raw) : Buffer.from(raw.base64, 'base64')
}
