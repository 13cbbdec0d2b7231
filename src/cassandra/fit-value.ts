/** What an item's value becomes for a column of a given type; what a driver would cut, wrap or replace silently is refused. */
import type { CqlValue } from './cassandra-client.ts'
import { type CqlType, describeType } from './cql-type.ts'
import { FIT_SCALAR, SCALAR_TAKES } from './fit-scalar.ts'

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
      return FIT_SCALAR[type.kind](value) ?? unfit(value, type, SCALAR_TAKES[type.kind])
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
