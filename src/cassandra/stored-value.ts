/** Values as JSON that loses nothing, for checkpoints and the quarantine; read back by the column's type. */
import type { CqlValue } from './cassandra-client.ts'
import type { CqlType } from './cql-type.ts'

export type StoredValue =
  | null
  | string
  | number
  | boolean
  | readonly StoredValue[]
  | { readonly [field: string]: StoredValue }

export function storeValue(value: CqlValue, type: CqlType): StoredValue {
  if (value === null) return null
  switch (type.kind) {
    case 'bigint':
    case 'varint':
    case 'counter':
      return String(value as bigint)
    case 'float':
    case 'double':
      return storeNumber(value as number)
    case 'timestamp':
      return (value as Date).getTime()
    case 'blob':
      return (value as Buffer).toString('hex')
    case 'list':
    case 'set':
    case 'vector':
      return [...(value as Iterable<CqlValue>)].map((one) => storeValue(one, type.of))
    case 'map':
      return [...(value as ReadonlyMap<CqlValue, CqlValue>)].map(([key, one]) => [
        storeValue(key, type.key),
        storeValue(one, type.value),
      ])
    case 'tuple':
      return type.of.map((of, index) => storeValue((value as readonly CqlValue[])[index] ?? null, of))
    case 'udt':
      return Object.fromEntries(
        type.fields.map((field) => [
          field.name,
          storeValue((value as Readonly<Record<string, CqlValue>>)[field.name] ?? null, field.type),
        ]),
      )
    default:
      return value as StoredValue
  }
}

/** @throws TypeError or SyntaxError for what `storeValue` has not made for this type */
export function restoreValue(stored: StoredValue, type: CqlType): CqlValue {
  if (stored === null) return null
  switch (type.kind) {
    case 'bigint':
    case 'varint':
    case 'counter':
      return BigInt(stored as string)
    case 'float':
    case 'double':
      return Number(stored)
    case 'timestamp':
      return new Date(stored as number)
    case 'blob':
      return Buffer.from(stored as string, 'hex')
    case 'list':
    case 'vector':
      return listOf(stored).map((one) => restoreValue(one, type.of))
    case 'set':
      return new Set(listOf(stored).map((one) => restoreValue(one, type.of)))
    case 'map':
      return new Map(
        listOf(stored).map((entry) => {
          const [key = null, one = null] = listOf(entry)
          return [restoreValue(key, type.key), restoreValue(one, type.value)]
        }),
      )
    case 'tuple': {
      const values = listOf(stored)
      return type.of.map((of, index) => restoreValue(values[index] ?? null, of))
    }
    case 'udt':
      return Object.fromEntries(
        type.fields.map((field) => [
          field.name,
          restoreValue((stored as { readonly [field: string]: StoredValue })[field.name] ?? null, field.type),
        ]),
      )
    default:
      return stored as CqlValue
  }
}

/** JSON has none of these. */
function storeNumber(value: number): StoredValue {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? value : String(value)
}

function listOf(stored: StoredValue): readonly StoredValue[] {
  if (!Array.isArray(stored)) throw new TypeError(`${JSON.stringify(stored)} is not a list`)
  return stored as readonly StoredValue[]
}

/** Tells values of one type apart, as a key of a Map. */
export function valueKey(value: CqlValue, type: CqlType): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return JSON.stringify(storeValue(value, type))
}
