/** What a value has to become for a column of a given type: Postgres's own input text. */

export interface ColumnType {
  /** As SQL writes it, without length or precision: `integer`, `text[]`. */
  readonly name: string
  readonly kind: 'json' | 'bytea' | 'date' | 'array' | 'other'
  /** Of an array. */
  readonly element?: ColumnType
  /** Between the elements of an array: a comma, but for `box[]`. */
  readonly delimiter?: string
}

/** A value that a column of this type cannot hold; the message says why, and the caller adds which item it was. */
export class UnwritableValue extends Error {}

/**
 * The text that Postgres reads as this value; null for null and undefined. Exact for bigints, dates (in UTC) and bytes.
 * @throws UnwritableValue
 */
export function valueText(value: unknown, type: ColumnType): string | null {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'undefined':
      return null
    case 'object':
      return value === null ? null : objectText(value, type)
    default:
      throw new UnwritableValue(`a ${typeof value} cannot be written`)
  }
}

function objectText(value: object, type: ColumnType): string {
  if (type.kind === 'json') return jsonText(value)
  if (value instanceof Date) return dateText(value, type)
  if (value instanceof Uint8Array) return bytesText(value, type)
  if (Array.isArray(value)) {
    if (type.kind === 'array') return arrayText(value, type)
    throw new UnwritableValue(
      `an array does not fit type ${type.name}; map it to a string, or use an array or json column`,
    )
  }
  // Decimal, Temporal, URL …: classes that say how they are written.
  const text = ownText(value)
  if (text !== undefined) return text
  throw new UnwritableValue(
    `an object does not fit type ${type.name}; map it to a string, or use a json column`,
  )
}

function ownText(value: object): string | undefined {
  const own: unknown = Reflect.get(value, 'toString')
  if (typeof own !== 'function' || own === Object.prototype.toString) return undefined
  const text: unknown = Reflect.apply(own, value, [])
  return typeof text === 'string' ? text : undefined
}

function jsonText(value: object): string {
  try {
    const text = JSON.stringify(value) as string | undefined
    if (text !== undefined) return text
  } catch (error) {
    throw new UnwritableValue(`it is no JSON: ${(error as Error).message}`, { cause: error })
  }
  throw new UnwritableValue('its toJSON gave nothing')
}

/** Postgres reads ISO 8601, but wants years above 9999 without a sign and those before 1 as BC. */
function dateText(date: Date, type: ColumnType): string {
  if (Number.isNaN(date.getTime())) throw new UnwritableValue('it is an invalid Date')
  const iso = date.toISOString()
  const year = date.getUTCFullYear()
  const rest = iso.slice(iso.indexOf('-', 1), type.kind === 'date' ? iso.indexOf('T') : undefined)
  if (year < 1) return `${String(1 - year).padStart(4, '0')}${rest} BC`
  return `${String(year).padStart(4, '0')}${rest}`
}

function bytesText(bytes: Uint8Array, type: ColumnType): string {
  if (type.kind !== 'bytea')
    throw new UnwritableValue(`bytes do not fit type ${type.name}; only bytea holds them`)
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

/** Nested where the value is; an element that is json may itself be an array. */
function arrayText(values: readonly unknown[], type: ColumnType): string {
  const element = type.element ?? { name: 'text', kind: 'other' }
  const texts = values.map((value) => {
    if (Array.isArray(value) && element.kind !== 'json') return arrayText(value, type)
    return typeof value === 'number' ? `${value}` : elementText(valueText(value, element))
  })
  return `{${texts.join(type.delimiter ?? ',')}}`
}

const QUOTED = /["\\]/

/** What stands in an array literal for a text; null for null. */
export function elementText(text: string | null): string {
  if (text === null) return 'NULL'
  return QUOTED.test(text) ? `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"` : `"${text}"`
}
