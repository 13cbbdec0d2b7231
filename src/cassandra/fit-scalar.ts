/** What a value becomes for each of the scalar types, and what these take. */
import { isIP } from 'node:net'
import type { CqlValue } from './cassandra-client.ts'
import type { CqlScalar } from './cql-type.ts'
import { DURATION, isCalendarDate, isDurationWithin, isMoment } from './time-text.ts'

const INTEGER = /^-?\d+$/
const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d{1,9})?$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const TIME = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?$/
const DAYS = /^-?\d{1,10}$/

/** Each answers undefined for what does not fit. */
export const FIT_SCALAR: Readonly<Record<CqlScalar, (value: unknown) => CqlValue | undefined>> = {
  ascii: (value) => {
    const text = textOf(value)
    // oxlint-disable-next-line no-control-regex -- these are what ASCII is
    return text !== undefined && /^[\0-\x7f]*$/.test(text) ? text : undefined
  },
  text: (value) => {
    const text = textOf(value)
    return text !== undefined && isWellFormed(text) ? text : undefined
  },
  tinyint: (value) => wholeNumber(value, 7n),
  smallint: (value) => wholeNumber(value, 15n),
  int: (value) => wholeNumber(value, 31n),
  bigint: (value) => bigintWithin(value, 63n),
  counter: (value) => bigintWithin(value, 63n),
  varint: (value) => bigintOf(value),
  float: (value) =>
    typeof value === 'number' && Number.isFinite(value) === Number.isFinite(Math.fround(value))
      ? Math.fround(value)
      : undefined,
  double: (value) => (typeof value === 'number' ? value : undefined),
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  blob: (value) => {
    if (Buffer.isBuffer(value)) return value
    return value instanceof Uint8Array ? Buffer.from(value) : undefined
  },
  timestamp: (value) => {
    const date = isMilliseconds(value) || isMoment(value) ? new Date(value) : value
    return date instanceof Date && !Number.isNaN(date.getTime()) ? date : undefined
  },
  decimal: (value) =>
    typeof value === 'number' || typeof value === 'bigint'
      ? matching(String(value), DECIMAL)
      : matching(value, DECIMAL),
  uuid: (value) => matching(value, UUID)?.toLowerCase(),
  timeuuid: (value) => {
    const text = matching(value, UUID)
    return text?.[14] === '1' ? text.toLowerCase() : undefined
  },
  inet: (value) => {
    const text = textOf(value)
    // The zone of an address holds on one machine only.
    return text !== undefined && isIP(text) !== 0 && !text.includes('%') ? text : undefined
  },
  date: (value) => {
    const text = textOf(value)
    return text !== undefined && (isDayNumber(text) || isCalendarDate(text)) ? text : undefined
  },
  time: (value) => matching(value, TIME),
  duration: (value) => {
    const text = matching(value, DURATION)
    return text !== undefined && isDurationWithin(text) ? text : undefined
  },
}

export const SCALAR_TAKES: Readonly<Record<CqlScalar, string>> = {
  ascii: 'a string of ASCII characters',
  text: 'a string without half a surrogate pair',
  tinyint: 'a whole number from -128 to 127',
  smallint: 'a whole number of 16 bits',
  int: 'a whole number of 32 bits',
  bigint: 'a bigint of 64 bits, a whole number or digits',
  counter: 'a bigint of 64 bits, a whole number or digits',
  varint: 'a bigint, a whole number or digits',
  float: 'a number of 32 bits',
  double: 'a number',
  boolean: 'true or false',
  blob: 'a Buffer or a Uint8Array',
  timestamp: "a Date, whole milliseconds, or text as in '2026-11-22T08:20:30.123Z'",
  decimal: "text as in '12.50', a number or a bigint",
  uuid: 'the text of a UUID',
  timeuuid: 'the text of a UUID of version 1',
  inet: 'the text of an IP address',
  date: "text as in '2026-11-22'",
  time: "text as in '08:20:30.123456789'",
  duration: "text as in '1mo2d3h4ns', its months and days of 32 bits, its nanoseconds of 64",
}

/** Strings, and objects whose class has a text of its own: Decimal, Temporal, URL. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    value instanceof Date ||
    value.toString === Object.prototype.toString
  )
    return undefined
  return (value as { toString: () => string }).toString()
}

function matching(value: unknown, pattern: RegExp): string | undefined {
  const text = textOf(value)
  return text !== undefined && pattern.test(text) ? text : undefined
}

function bigintOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  const digits = matching(value, INTEGER)
  return digits === undefined ? undefined : BigInt(digits)
}

function bigintWithin(value: unknown, bits: bigint): bigint | undefined {
  const whole = bigintOf(value)
  return whole !== undefined && whole >= -(1n << bits) && whole < 1n << bits ? whole : undefined
}

function wholeNumber(value: unknown, bits: bigint): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  const whole = bigintWithin(value, bits)
  return whole === undefined ? undefined : Number(whole)
}

/** A Date would cut a fraction off. */
function isMilliseconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value)
}

function isDayNumber(text: string): boolean {
  return DAYS.test(text) && bigintWithin(text, 31n) !== undefined
}

/** Node 20 has it; TypeScript's library for ES2023 does not. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { readonly isWellFormed: () => boolean }).isWellFormed()
}
