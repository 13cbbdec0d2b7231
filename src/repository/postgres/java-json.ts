/**
 * One value of a context between JavaScript and Jackson's default typing: a wrapper `["class", value]` around every
 * Java object but String, Integer, Double and Boolean.
 */
import { BatchError } from '../../core/model/batch-error.ts'
import type { ContextValue, JavaValue } from '../../core/model/execution-context.ts'

/** The digits of a JSON number, before it is known which Java number they are. */
export class JsonNumber {
  readonly digits: string
  constructor(digits: string) {
    this.digits = digits
  }
}

const LONG = 'java.lang.Long'
const BIG_INTEGER = 'java.math.BigInteger'
const MAPS = ['java.util.HashMap', 'java.util.LinkedHashMap']
/** `List.of` and `Arrays.asList` come back as ArrayList in Spring too. */
const LISTS = [
  'java.util.ArrayList',
  'java.util.Arrays$ArrayList',
  'java.util.ImmutableCollections$ListN',
  'java.util.ImmutableCollections$List12',
]
/** Written as bare digits inside their wrapper. */
const NUMBERS = ['java.lang.Float', 'java.lang.Short', 'java.lang.Byte', 'java.math.BigDecimal', BIG_INTEGER]
/** Spring's allow-list on reading: a wrapper with another class would make the execution unreadable for it. */
const READABLE_BY_SPRING =
  /^(java\.(util|sql|lang|math|time|net|xml)|org\.springframework\.batch)\.[\w.$]*[\w$]$/
const NUMERIC = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

/** @throws BatchError INVALID_JOB_DEFINITION naming `path`, for what JSON or Java cannot hold. */
export function encodeJava(value: unknown, path: string): string {
  switch (typeof value) {
    case 'string':
      return encodeString(value, path)
    case 'boolean':
      return String(value)
    case 'number':
      return encodeNumber(value, path)
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? `["${LONG}",${value}]` : `["${BIG_INTEGER}",${value}]`
    case 'object':
      return encodeObject(value, path)
    default:
      throw cannotStore(path, `a ${typeof value}`)
  }
}

/** @throws SyntaxError for a bare list or map, which Jackson 3 never writes. */
export function decodeJava(json: unknown): ContextValue {
  if (json instanceof JsonNumber) return decodeNumber(json.digits)
  if (Array.isArray(json)) return decodeWrapper(json)
  if (typeof json === 'object' && json !== null) throw new SyntaxError('a map without its Java class')
  return json as ContextValue
}

function encodeObject(value: object | null, path: string): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `["java.util.ArrayList",${encodeBare(value, path)}]`
  if (isJavaValue(value)) return `[${JSON.stringify(value.javaType)},${encodeWrapped(value, path)}]`
  return `["java.util.HashMap",${encodeBare(value, path)}]`
}

/** What stands inside a wrapper: its own brackets or braces are not wrapped again, what they hold is. */
function encodeBare(value: object, path: string): string {
  if (Array.isArray(value)) {
    return `[${value.map((one, index) => encodeJava(one, `${path}[${index}]`)).join(',')}]`
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw cannotStore(path, `an object of class ${value.constructor.name}`)
  }
  const fields = Object.entries(value).filter(([, one]) => one !== undefined)
  return `{${fields.map(([key, one]) => `${encodeString(key, path)}:${encodeJava(one, `${path}.${key}`)}`).join(',')}}`
}

function encodeWrapped({ javaType, value }: JavaValue, path: string): string {
  if (typeof value === 'object' && value !== null) return encodeBare(value, path)
  if (typeof value === 'string' && NUMBERS.includes(javaType) && NUMERIC.test(value)) return value
  return typeof value === 'bigint' ? String(value) : encodeJava(value, path)
}

function encodeString(text: string, path: string): string {
  if (text.includes('\u0000')) throw cannotStore(path, 'a string with a NUL character')
  return JSON.stringify(text)
}

/** Whole numbers are bare: Java reads an Integer within 32 bits, a Long beyond. All others are Doubles to Java. */
function encodeNumber(value: number, path: string): string {
  if (!Number.isFinite(value)) throw cannotStore(path, `the number ${value}`)
  if (Object.is(value, -0)) return '-0.0'
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return String(value)
  const text = String(value)
  return text.includes('e') ? text : `${text}.0`
}

function decodeNumber(digits: string): number | bigint {
  const isInteger = /^-?\d+$/.test(digits)
  return isInteger && !Number.isSafeInteger(Number(digits)) ? BigInt(digits) : Number(digits)
}

function decodeWrapper(json: readonly unknown[]): ContextValue {
  const [javaType, value] = json
  if (json.length !== 2 || typeof javaType !== 'string')
    throw new SyntaxError('a list without its Java class')
  if (value instanceof JsonNumber && isBigInt(javaType, value.digits)) return BigInt(value.digits)
  if (LISTS.includes(javaType) && Array.isArray(value)) return decodeBare(value)
  if (MAPS.includes(javaType) && isPlain(value)) return decodeBare(value)
  return { javaType, value: decodeBare(value) }
}

function isBigInt(javaType: string, digits: string): boolean {
  if (!/^-?\d+$/.test(digits)) return false
  return (
    javaType === LONG || (javaType === BIG_INTEGER && BigInt.asIntN(64, BigInt(digits)) !== BigInt(digits))
  )
}

function decodeBare(value: unknown): Exclude<ContextValue, JavaValue> {
  // A BigDecimal keeps every digit: as a number where that prints the same, else as text.
  if (value instanceof JsonNumber) {
    return String(Number(value.digits)) === value.digits ? Number(value.digits) : value.digits
  }
  if (Array.isArray(value)) return value.map((one) => decodeJava(one)) as Exclude<ContextValue, JavaValue>
  if (!isPlain(value)) return value as Exclude<ContextValue, JavaValue>
  const entries = Object.entries(value).map(([key, one]) => [key, decodeJava(one)] as const)
  return Object.fromEntries(entries) as Exclude<ContextValue, JavaValue>
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)
  )
}

function isJavaValue(value: object): value is JavaValue {
  const { javaType } = value as Partial<JavaValue>
  return (
    Object.keys(value).length === 2 &&
    Object.hasOwn(value, 'value') &&
    typeof javaType === 'string' &&
    READABLE_BY_SPRING.test(javaType)
  )
}

function cannotStore(path: string, what: string): BatchError {
  return new BatchError(
    'INVALID_JOB_DEFINITION',
    `the execution context cannot hold ${what} (at '${path}'); store strings, finite numbers, bigints, booleans, ` +
      `null, lists and plain objects`,
    { details: { path } },
  )
}
