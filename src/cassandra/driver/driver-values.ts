/** Values as items have them, from and for the driver. Where both have the same form there is no conversion at all. */
import type { types as driverTypes } from 'cassandra-driver'
import type { CqlValue } from '../cassandra-client.ts'
import type { CqlType } from '../cql-type.ts'
import { DURATION } from '../time-text.ts'
import type { Driver } from './load-driver.ts'

/** Undefined where the value is passed on as it is. Never called for null. */
export type Convert = ((value: unknown) => unknown) | undefined

type OfKind<K extends CqlType['kind']> = Extract<CqlType, { readonly kind: K }>

const asText: Convert = (value) => String(value)

export function fromDriver(driver: Driver, type: CqlType): Convert {
  switch (type.kind) {
    case 'date':
    case 'time':
    case 'uuid':
    case 'timeuuid':
    case 'inet':
      return asText
    case 'timestamp':
      return (value) => validDate(value as Date)
    case 'decimal':
      return (value) => decimalText(driver, value as driverTypes.BigDecimal)
    case 'duration':
      return (value) => durationText(value as DurationParts)
    case 'list': {
      const element = fromDriver(driver, type.of)
      return element && ((value) => (value as readonly unknown[]).map(nullable(element)))
    }
    case 'set': {
      const element = fromDriver(driver, type.of)
      return element && ((value) => new Set([...(value as Set<unknown>)].map(nullable(element))))
    }
    case 'map':
      return mapConvert(fromDriver(driver, type.key), fromDriver(driver, type.value))
    case 'tuple': {
      const elements = type.of.map((of) => nullable(fromDriver(driver, of)))
      return (value) => elements.map((convert, index) => convert((value as driverTypes.Tuple).get(index)))
    }
    case 'vector': {
      const element = nullable(fromDriver(driver, type.of))
      return (value) => Array.from(value as Iterable<unknown>, element)
    }
    case 'udt':
      return fieldsConvert(type, (of) => fromDriver(driver, of))
    default:
      return undefined
  }
}

export function toDriver(driver: Driver, type: CqlType): Convert {
  switch (type.kind) {
    case 'decimal':
      return (value) => decimalOf(driver, value as string)
    case 'duration':
      return (value) => durationOf(driver, value as string)
    case 'list':
    case 'set': {
      const element = nullable(toDriver(driver, type.of))
      return (value) => {
        const elements = Array.from(value as Iterable<unknown>, element)
        // The driver would write null, which a frozen or nested collection is not.
        return elements.length === 0 ? EMPTY_COLLECTION : elements
      }
    }
    case 'map':
      return mapConvert(toDriver(driver, type.key), toDriver(driver, type.value))
    case 'tuple': {
      const elements = type.of.map((of) => nullable(toDriver(driver, of)))
      return (value) =>
        driver.types.Tuple.fromArray(
          elements.map((convert, index) => convert((value as readonly unknown[])[index])),
        )
    }
    case 'vector': {
      const element = nullable(toDriver(driver, type.of))
      return (value) => new driver.types.Vector(Array.from(value as Iterable<unknown>, element))
    }
    case 'udt':
      return fieldsConvert(type, (of) => toDriver(driver, of))
    default:
      return undefined
  }
}

/** Its number of elements, in four bytes. */
const EMPTY_COLLECTION = Buffer.alloc(4)

/** Converts, and lets null be null. */
export function nullable(convert: Convert): (value: unknown) => CqlValue {
  if (convert === undefined) return (value) => (value ?? null) as CqlValue
  return (value) => (value === null || value === undefined ? null : (convert(value) as CqlValue))
}

function mapConvert(key: Convert, value: Convert): Convert {
  if (key === undefined && value === undefined) return undefined
  const [ofKey, ofValue] = [nullable(key), nullable(value)]
  return (map) => new Map([...(map as Map<unknown, unknown>)].map(([k, v]) => [ofKey(k), ofValue(v)]))
}

/** The driver leaves out the fields that were added to the type after the value was written. */
function fieldsConvert({ fields }: OfKind<'udt'>, convertOf: (type: CqlType) => Convert): Convert {
  const converts = fields.map(({ name, type }) => ({ name, convert: nullable(convertOf(type)) }))
  return (value) =>
    Object.fromEntries(
      converts.map(({ name, convert }) => [name, convert((value as Record<string, unknown>)[name])]),
    )
}

/** As a key, a Date that is none could not be found again behind a restart, and rows would be lost. */
function validDate(date: Date): Date {
  if (!Number.isNaN(date.getTime())) return date
  throw new TypeError('a timestamp is earlier or later than any Date can be')
}

/** The driver's own text of a number with a negative scale is wrong: it ends with a dot, and lacks the zeros. */
function decimalText(driver: Driver, value: driverTypes.BigDecimal): string {
  const text = value.toString()
  if (!text.endsWith('.')) return text
  const bytes = driver.types.BigDecimal.toBuffer(value)
  return `${text.slice(0, -1)}E+${-bytes.readInt32BE(0)}`
}

/** Also with an exponent, which the driver does not read. */
function decimalOf(driver: Driver, text: string): unknown {
  const [mantissa = '', exponent] = text.split(/e/i)
  if (exponent === undefined) return text
  const [whole = '', fraction = ''] = mantissa.split('.')
  const { BigDecimal, Integer } = driver.types
  const unscaled = Integer.fromString(whole + fraction) as unknown as number
  return new BigDecimal(unscaled, fraction.length - Number(exponent))
}

const MONTHS_PER_YEAR = 12n
const DAYS_PER_WEEK = 7n
const UNITS = [
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
  ['us', 1_000n],
  ['ns', 1n],
] as const

/** What the driver's declarations leave out. */
interface DurationParts {
  readonly months: number
  readonly days: number
  readonly nanoseconds: driverTypes.Long
}

/** `1y2mo3d4h5m6s7ms8us9ns`, as Cassandra writes it; nothing at all is `0ns`. */
function durationText({ months, days, nanoseconds }: DurationParts): string {
  const nanos = BigInt(nanoseconds.toString())
  const isNegative = months < 0 || days < 0 || nanos < 0n
  let text = ''
  const append = (count: bigint, unit: string): void => void (text += count === 0n ? '' : `${count}${unit}`)
  const wholeMonths = BigInt(Math.abs(months))
  append(wholeMonths / MONTHS_PER_YEAR, 'y')
  append(wholeMonths % MONTHS_PER_YEAR, 'mo')
  append(BigInt(Math.abs(days)), 'd')
  let rest = nanos < 0n ? -nanos : nanos
  for (const [unit, size] of UNITS) {
    append(rest / size, unit)
    rest %= size
  }
  return `${isNegative ? '-' : ''}${text === '' ? '0ns' : text}`
}

function durationOf(driver: Driver, text: string): driverTypes.Duration {
  const [, ...parts] = DURATION.exec(text) ?? []
  const sign = text.startsWith('-') ? -1n : 1n
  const [years = 0n, months = 0n, weeks = 0n, days = 0n, ...times] = parts.map((part) => BigInt(part ?? 0))
  const nanos = UNITS.reduce((sum, [, size], index) => sum + size * (times[index] ?? 0n), 0n)
  const { Duration, Long } = driver.types
  return new Duration(
    Number(sign * (years * MONTHS_PER_YEAR + months)),
    Number(sign * (weeks * DAYS_PER_WEEK + days)),
    Long.fromString(String(sign * nanos)),
  )
}
