/** Parameters from outside (an object, or `k=v` texts) through the job's schema into values and their record. */
import { inspect } from 'node:util'
import type { z } from 'zod'
import { BatchError } from '../model/batch-error.ts'
import { isCalendarDay } from '../model/calendar-day.ts'
import { type JobParameter, type JobParameters, PARAMETER_TEXT_LIMIT } from '../model/job-parameters.ts'
import { javaDoubleToString } from '../model/java-text.ts'
import { didYouMeanOr } from '../model/nearest-name.ts'
import { parameterKind, unwrapOnce } from './parameter-kind.ts'

export interface ParsedParameters {
  /** What the job's callbacks get. */
  readonly values: Readonly<Record<string, unknown>>
  /** What is recorded and makes the job key: the parsed values, defaults included, absent optionals left out. */
  readonly recorded: JobParameters
}

/** Of names that there are not. */
const MOST_UNKNOWN = 100

/**
 * Validates everything at once and reports every fault, but of unknown names only the first {@link MOST_UNKNOWN}.
 * @throws BatchError INVALID_JOB_PARAMETERS, before anything is stored.
 */
export async function parseParameters(
  jobName: string,
  schema: z.ZodObject,
  input: Values,
): Promise<ParsedParameters> {
  const unknown = Object.keys(input).filter((key) => !Object.hasOwn(schema.shape, key))
  const parsed = await schema.safeParseAsync(input)
  const faults = [
    ...unknown.slice(0, MOST_UNKNOWN).map((key) => unknownParameter(key, Object.keys(schema.shape))),
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => describeIssue(issue, input))),
  ]
  if (faults.length > 0 || !parsed.success) throw invalidParameters(jobName, faults)
  return { values: parsed.data, recorded: recordParameters(jobName, schema, parsed.data) }
}

/**
 * Parses `k=v` texts: numbers, booleans, bigints and dates by the schema's type, everything else as it stands. `"false"`
 * is false and `""` is no number, whatever `z.coerce` would make of them.
 * @throws BatchError INVALID_JOB_PARAMETERS
 */
export async function parseParameterTexts(
  jobName: string,
  schema: z.ZodObject,
  texts: Texts,
): Promise<ParsedParameters> {
  return parseParameters(jobName, schema, convertTexts(jobName, schema, texts))
}

/** @throws BatchError INVALID_JOB_PARAMETERS */
export function convertTexts(jobName: string, schema: z.ZodObject, texts: Texts): Values {
  const converted = Object.entries(texts).map(([key, text]) => ({
    key,
    text,
    ...convertText(Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined, text),
  }))
  const faults = converted
    .filter((one) => one.expected !== undefined)
    .map(({ key, text, expected }) => `${key}: expected ${expected}, got ${JSON.stringify(text)}`)
  if (faults.length > 0) throw invalidParameters(jobName, faults)
  return Object.fromEntries(converted.map(({ key, value }) => [key, value]))
}

export type Values = Readonly<Record<string, unknown>>
export type Texts = Readonly<Record<string, string>>

type Conversion = { readonly value: unknown; readonly expected?: string }

/** Each digit can be read in one way only: a long text that is no number must not be tried in all of them. */
const NUMBER = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i

function convertText(schema: z.core.$ZodType | undefined, text: string): Conversion {
  if (schema === undefined) return { value: text }
  switch ((innermost(schema) as z.core.$ZodTypes)._zod.def.type) {
    case 'number':
      return NUMBER.test(text) ? { value: Number(text) } : { value: text, expected: 'a number' }
    case 'bigint':
      return /^\s*[+-]?\d+\s*$/.test(text)
        ? { value: BigInt(text) }
        : { value: text, expected: 'a whole number' }
    case 'boolean':
      return convertBoolean(text)
    case 'date':
      return convertDate(text)
    default:
      return { value: text }
  }
}

function convertBoolean(text: string): Conversion {
  const word = text.trim().toLowerCase()
  if (word === 'true') return { value: true }
  return word === 'false' ? { value: false } : { value: text, expected: 'true or false' }
}

/** A time without a zone is UTC. */
function convertDate(text: string): Conversion {
  const iso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(text.trim())
  const [, time, zone] = iso ?? []
  const value = new Date(time !== undefined && zone === undefined ? `${text.trim()}Z` : text.trim())
  const valid = iso !== null && isCalendarDay(text.trim().slice(0, 10)) && !Number.isNaN(value.getTime())
  return valid ? { value } : { value: text, expected: 'a date such as 2026-11-21 or 2026-11-21T02:00:00Z' }
}

/** For a pipe the schema that takes the input. */
export function innermost(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = unwrapOnce(schema)
  if (inner !== undefined) return innermost(inner)
  const def = (schema as z.core.$ZodTypes)._zod.def
  if (def.type !== 'pipe') return schema
  const takesAnything = (def.in as z.core.$ZodTypes)._zod.def.type === 'transform'
  return innermost(takesAnything ? def.out : def.in)
}

function recordParameters(
  jobName: string,
  schema: z.ZodObject,
  values: Readonly<Record<string, unknown>>,
): JobParameters {
  const present = Object.keys(schema.shape).filter(
    (name) => values[name] !== undefined && values[name] !== null,
  )
  return present.map((name) => {
    const kind = parameterKind(schema.shape[name])
    if (kind === undefined) throw invalidParameters(jobName, [`${name}: its type cannot be recorded`])
    const text = recordedText(kind.javaType, values[name])
    const fault = recordFault(kind.javaType, text)
    if (fault !== undefined) throw invalidParameters(jobName, [`${name}: ${fault}`])
    return { name, type: kind.javaType, text, identifying: kind.identifying }
  })
}

/** Why it cannot be recorded as it is. */
function recordFault(javaType: JobParameter['type'], text: string): string | undefined {
  if (text.length > PARAMETER_TEXT_LIMIT)
    return `${text.length} characters; at most ${PARAMETER_TEXT_LIMIT} can be recorded`
  if (text.includes('\0')) return 'it holds the character U+0000, which cannot be recorded'
  // Half a character would be recorded as U+FFFD, and two instances would be one.
  if (/\p{Surrogate}/u.test(text)) return 'it holds half a surrogate pair, which cannot be recorded'
  if (javaType === 'java.lang.Long' && !isJavaLong(text)) return `${text} is not a whole number of 64 bits`
  if (javaType === 'java.time.LocalDateTime' && !/^\d{4}-/.test(text))
    return 'its year, in UTC, is none from 0000 to 9999'
  return undefined
}

function recordedText(javaType: JobParameter['type'], value: unknown): string {
  if (javaType === 'java.lang.Double') return javaDoubleToString(Number(value))
  if (javaType === 'java.lang.Long' && typeof value === 'number') return String(BigInt(value))
  if (javaType === 'java.time.LocalDateTime') return localDateTime(value)
  return String(value)
}

/** In UTC, with seconds always and the fraction in groups of three digits, as Java's ISO formatter writes it. */
function localDateTime(value: unknown): string {
  const text = value instanceof Date ? value.toISOString() : String(value)
  const hasOffset = /[+-]\d\d:?\d\d$/.test(text)
  const utc = hasOffset ? new Date(text).toISOString() : text
  const [, minutes = '', seconds = '00', fraction = ''] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d))?(?:\.(\d+))?/.exec(utc) ?? []
  const digits = fraction.replace(/0+$/, '')
  return digits === ''
    ? `${minutes}:${seconds}`
    : `${minutes}:${seconds}.${digits.padEnd(Math.ceil(digits.length / 3) * 3, '0')}`
}

function isJavaLong(text: string): boolean {
  const value = BigInt(text)
  return BigInt.asIntN(64, value) === value
}

function unknownParameter(key: string, known: readonly string[]): string {
  const hint = didYouMeanOr(key, known, `This job takes ${known.join(', ') || 'none'}.`)
  return `${key}: no such parameter. ${hint}`
}

function describeIssue(issue: z.core.$ZodIssue, input: Values): string {
  const key = String(issue.path[0] ?? '')
  const given = input[key]
  return given === undefined
    ? `${key}: missing. ${issue.message}`
    : `${key}: ${issue.message}, got ${inspect(given)}`
}

function invalidParameters(jobName: string, faults: readonly string[]): BatchError {
  const list = faults.map((fault) => `\n  ${fault}`).join('')
  return new BatchError(
    'INVALID_JOB_PARAMETERS',
    `The parameters of job ${jobName} are not valid; nothing was started.${list}`,
    {
      details: { jobName, faults },
    },
  )
}
