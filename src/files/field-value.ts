/** Turns the text of a field into the value that its schema wants, or leaves it for the schema to complain about. */
import type { FieldKind, SchemaField } from './schema-fields.ts'

/** `flags` are the scanner's: 0 for a field without quotes. */
export type FieldConversion = (text: string, flags: number) => unknown

const ISO_DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/
const DIGITS = /^[+-]?\d+$/
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const ZERO = 0x30
const MINUS = 0x2d
const POINT = 0x2e
const TRUE = /^(true|t)$/i
const FALSE = /^(false|f)$/i

/**
 * Undefined where the text is taken as it is. `nullText` without quotes becomes null or undefined, whichever the
 * schema takes; in a field that is no text, so does an empty one in quotes.
 */
export function fieldConversion(
  field: SchemaField,
  nullText: string | undefined,
): FieldConversion | undefined {
  const { kind, nullable, optional, coerced } = field
  const value = VALUES[kind]
  const empty = nullable ? null : undefined
  const takesEmpty = nullText !== undefined && (nullable || optional)
  if (takesEmpty && kind === 'text') return (text, flags) => (flags === 0 && text === nullText ? empty : text)
  if (kind === 'text') return undefined
  if (takesEmpty) {
    return (text, flags) =>
      (flags === 0 && text === nullText) || (text === '' && nullText === '') ? empty : value(text)
  }
  // zod's coercion makes 0 of '' and of ' ', and NaN, which it refuses, of undefined.
  return coerced ? (text) => (text.trim() === '' ? undefined : value(text)) : value
}

const VALUES: Readonly<Record<FieldKind, (text: string) => unknown>> = {
  text: (text) => text,
  number: numberOf,
  bigint: (text) => (DIGITS.test(text) ? BigInt(text.startsWith('+') ? text.slice(1) : text) : text),
  boolean: (text) => (TRUE.test(text) ? true : FALSE.test(text) ? false : text),
  date: (text) => (ISO_DATE.test(text) ? new Date(text) : text),
}

/**
 * Decimal notation only, and no whole number that a double would change. Up to 15 digits, and so nearly always, digits
 * are added up here: both the digits and the power of ten are exact then, and their quotient is what `Number` gives.
 */
function numberOf(text: string): number | string {
  const negative = text.charCodeAt(0) === MINUS
  let digits = 0
  let value = 0
  let scale = 0
  for (let index = negative ? 1 : 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code >= ZERO && code <= ZERO + 9) {
      value = value * 10 + (code - ZERO)
      digits++
      scale *= 10
    } else if (code === POINT && scale === 0) scale = 1
    else return otherNumberOf(text)
  }
  if (digits === 0 || digits > 15) return otherNumberOf(text)
  if (scale > 1) value /= scale
  return negative ? -value : value
}

function otherNumberOf(text: string): number | string {
  if (!DECIMAL.test(text)) return text
  const value = Number(text)
  const exact = Number.isSafeInteger(value) || !DIGITS.test(text)
  return exact && Number.isFinite(value) ? value : text
}
