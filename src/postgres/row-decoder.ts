/** Rows as they come over the wire, made into objects without losing a digit. */
import type { FieldDef } from 'pg'
import { parseArrayText } from './array-text.ts'

/** A row as Postgres sent it: its own text for every value. */
export type RawRow = readonly (string | null)[]

/**
 * `exact`: numbers for types whose values all are (`integer`, `double precision`), bigint for `bigint`, booleans,
 * Buffers for `bytea`, values for `json`, arrays of these; the rest as Postgres writes it, above all `numeric`, dates
 * and times. `text`: everything as Postgres writes it, which is fastest.
 */
export type ValueTypes = 'exact' | 'text'

/** Objects with the fields' names, in their order. More values in a row than fields are left out. */
export function rowDecoder(
  fields: readonly FieldDef[],
  types: ValueTypes,
): (row: RawRow) => Record<string, unknown> {
  const columns = fields.map(({ name, dataTypeID }) => ({
    name,
    parse: types === 'text' ? asText : (PARSERS.get(dataTypeID) ?? asText),
  }))
  return (row) => {
    const object: Record<string, unknown> = {}
    for (let index = 0; index < columns.length; index++) {
      const { name, parse } = columns[index] as (typeof columns)[number]
      const text = row[index] ?? null
      const value = text === null ? null : parse(text)
      if (name === '__proto__') Object.defineProperty(object, name, { ...PLAIN, value })
      else object[name] = value
    }
    return object
  }
}

/** A column of that name is a column: assigned, it would become the row's prototype. */
const PLAIN = { enumerable: true, writable: true, configurable: true }

type Parse = (text: string) => unknown

const asText: Parse = (text) => text
const asBoolean: Parse = (text) => text === 't'
const asJson: Parse = (text) => JSON.parse(text) as unknown
/** `\x68656c6c6f`; the session sets bytea_output. */
const asBytes: Parse = (text) => Buffer.from(text.slice(2), 'hex')

const arrayOf =
  (parse: Parse): Parse =>
  (text) =>
    parseArrayText(text, ',', parse)

/** By type oid, and that of its array; these numbers are the same in every Postgres. */
const SCALARS: readonly (readonly [type: string, oid: number, array: number, parse: Parse])[] = [
  ['bool', 16, 1000, asBoolean],
  ['bytea', 17, 1001, asBytes],
  ['int8', 20, 1016, BigInt],
  ['int2', 21, 1005, Number],
  ['int4', 23, 1007, Number],
  ['oid', 26, 1028, Number],
  ['float4', 700, 1021, Number],
  ['float8', 701, 1022, Number],
  ['json', 114, 199, asJson],
  ['jsonb', 3802, 3807, asJson],
  ['text', 25, 1009, asText],
  ['varchar', 1043, 1015, asText],
  ['bpchar', 1042, 1014, asText],
  ['name', 19, 1003, asText],
  ['uuid', 2950, 2951, asText],
  ['numeric', 1700, 1231, asText],
  ['date', 1082, 1182, asText],
  ['time', 1083, 1183, asText],
  ['timestamp', 1114, 1115, asText],
  ['timestamptz', 1184, 1185, asText],
  ['interval', 1186, 1187, asText],
]

const PARSERS: ReadonlyMap<number, Parse> = new Map(
  SCALARS.flatMap(([, oid, array, parse]) => [
    [oid, parse],
    [array, arrayOf(parse)],
  ]),
)
