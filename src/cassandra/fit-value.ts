/** What an item's value becomes for a column of a given type; what a driver would cut, wrap or replace silently is refused. */
import { isIP } from 'node:net'
import type { CqlValue } from './cassandra-client.ts'
import { type CqlScalar, type CqlType, describeType } from './cql-type.ts'

/** @throws TypeError saying what the type takes */
export function fitValue(value: unknown, type: CqlType): CqlValue {
  if (value === null) return null
  switch (type.kind) {
    case 'list':
      return isList(value) ? fitElements(value, type.of) : unfit(value, type, 'an array')
    case 'set':
      if (!isList(value) && !(value instanceof Set)) return unfit(value, type, 'a Set or an array')
      return new Set(fitElements([...(value as Iterable<unknown>)], type.of))
    case 'map':
      return fitMap(value, type)
    case 'tuple':
      if (!isList(value) || value.length > type.of.length)
        return unfit(value, type, `an array of ${type.of.length}`)
      return type.of.map((of, index) => fitValue(value[index] ?? null, of))
    case 'vector':
      return fitVector(value, type)
    case 'udt':
      return fitFields(value, type)
    case 'custom':
      return value as CqlValue
    default:
      return FIT[type.kind](value) ?? unfit(value, type, TAKES[type.kind])
  }
}

type OfKind<K extends CqlType['kind']> = Extract<CqlType, { readonly kind: K }>

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function fitElements(values: readonly unknown[], type: CqlType): readonly CqlValue[] {
  return values.map((value) => {
    if (value === null || value === undefined) throw new TypeError('a collection cannot hold null')
    return fitValue(value, type)
  })
}

function fitMap(value: unknown, type: OfKind<'map'>): CqlValue {
  const entries = value instanceof Map ? [...value] : isPlainObject(value) ? Object.entries(value) : undefined
  if (entries === undefined) return unfit(value, type, 'a Map or an object')
  const keys = fitElements(
    entries.map(([key]): unknown => key),
    type.key,
  )
  const values = fitElements(
    entries.map(([, one]): unknown => one),
    type.value,
  )
  return new Map(keys.map((key, index) => [key, values[index] as CqlValue]))
}

function fitVector(value: unknown, type: OfKind<'vector'>): CqlValue {
  const elements = value instanceof Float32Array ? Array.from(value) : value
  if (!isList(elements) || elements.length !== type.dimension)
    return unfit(value, type, `an array of ${type.dimension}`)
  return fitElements(elements, type.of)
}

/** A misspelt field would be lost in silence. */
function fitFields(value: unknown, type: OfKind<'udt'>): CqlValue {
  if (!isObject(value)) return unfit(value, type, 'an object')
  const names = type.fields.map(({ name }) => name)
  const unknown = Object.keys(value).find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new TypeError(`type ${type.name} has no field ${unknown}; it has: ${names.join(', ')}`)
  return Object.fromEntries(
    type.fields.map((field) => [field.name, fitValue(value[field.name] ?? null, field.type)]),
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)
}

const INTEGER = /^-?\d+$/
const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d{1,9})?$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const TIME = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?$/
const DATE = /^(-?\d{4,7})-(\d\d)-(\d\d)$/
const DAYS = /^-?\d{1,10}$/
export const DURATION: RegExp =
  /^-?(?=\d)(?:(\d+)y)?(?:(\d+)mo)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?(?:(\d+)us)?(?:(\d+)ns)?$/

/** Each answers undefined for what does not fit. */
const FIT: Readonly<Record<CqlScalar, (value: unknown) => CqlValue | undefined>> = {
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

const TAKES: Readonly<Record<CqlScalar, string>> = {
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
  if (!isObject(value) || value instanceof Date || value.toString === Object.prototype.toString)
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

const MOMENT = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,3}0*)?)?(?:Z|[+-]\d\d:?\d\d)$/

/**
 * Text without an offset would mean another moment on another machine; digits behind the milliseconds would be lost, and the 31st of
 * February would become a day of March.
 */
function isMoment(value: unknown): value is string {
  const [, day] = (typeof value === 'string' ? MOMENT.exec(value) : null) ?? []
  return day !== undefined && isCalendarDate(day)
}

function isDayNumber(text: string): boolean {
  return DAYS.test(text) && bigintWithin(text, 31n) !== undefined
}

const MONTHS_OF = [12n, 1n] as const
const DAYS_OF = [7n, 1n] as const
const NANOSECONDS_OF = [3_600_000_000_000n, 60_000_000_000n, 1_000_000_000n, 1_000_000n, 1_000n, 1n] as const

/** The driver would wrap the nanoseconds around. */
function isDurationWithin(text: string): boolean {
  const counts = (DURATION.exec(text) ?? []).slice(1).map((part) => BigInt(part ?? 0))
  const sum = (sizes: readonly bigint[], first: number): bigint =>
    sizes.reduce((total, size, index) => total + size * (counts[first + index] ?? 0n), 0n)
  return sum(MONTHS_OF, 0) < 1n << 31n && sum(DAYS_OF, 2) < 1n << 31n && sum(NANOSECONDS_OF, 4) < 1n << 63n
}

/** The driver would make the 3rd of March of the 31st of February. */
function isCalendarDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? []
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  return date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day)
}

/** Node 20 has it; TypeScript's library for ES2023 does not. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { readonly isWellFormed: () => boolean }).isWellFormed()
}

function unfit(value: unknown, type: CqlType, takes: string): never {
  throw new TypeError(`${describeType(type)} takes ${takes}, not ${describeKind(value)}`)
}

/** Of what kind it is, and no more: values may be nobody's business. */
function describeKind(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Date) return 'an invalid Date'
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'object' && value !== null)
    return `an object ${value.constructor?.name ?? ''}`.trimEnd()
  return typeof value === 'string' ? `text of ${value.length} characters` : `a ${typeof value}`
}
