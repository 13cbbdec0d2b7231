/** Keeps values that nobody should read out of answers, by the names under which they stand. */
import type { JobParameters } from '../core/model/job-parameters.ts'

export const DEFAULT_MASK: readonly string[] = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'credential',
  'apikey',
  'accesskey',
  'privatekey',
  'key',
]

export interface Masking {
  /** The same with `***` in place of every value that stands under a hidden name, however deep. */
  readonly mask: <V>(value: V) => V
  readonly parameters: (parameters: JobParameters) => JobParameters
  /**
   * A message without the hidden values that `describeParameters` has written into it. Of parameters that are not given, a value is
   * known up to its first space.
   */
  readonly text: (text: string, parameters?: JobParameters) => string
  /** What is wrong with a parameter, without its value, and without the one that it had, where it is hidden. */
  readonly fault: (name: string, detail: string) => string
}

const HIDDEN = '***'
const GIVEN = /\bgot .*$/s
const CHANGED = /^.* cannot become .*$/s
/** A name is looked at from its beginning only: from each of its letters it would take minutes where it is long. */
const NAMED_VALUE = /(?<![\w.-])([\w.-]+)=([^\s\]]+)/g
/** A short word is meant as a word of its own: `key` is not meant in `monkey`, or in `jobKeys`. */
const SHORT = 4

export function createMasking(words: readonly string[] = DEFAULT_MASK): Masking {
  const lower = words.map((word) => word.toLowerCase())
  const hides = (name: string): boolean => {
    const parts = name
      .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .split(/[^a-z\d]+/)
    const joined = parts.join('')
    return lower.some((word) => (word.length < SHORT ? parts.includes(word) : joined.includes(word)))
  }
  const masked = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(masked)
    if (typeof value !== 'object' || value === null || value instanceof Date) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, hides(name) ? HIDDEN : masked(one)]),
    )
  }
  return {
    mask: <V>(value: V) => masked(value) as V,
    fault: (name, detail) => (hides(name) ? withoutValues(detail) : detail),
    parameters: (parameters) => parameters.map((one) => (hides(one.name) ? { ...one, text: HIDDEN } : one)),
    text: (text, parameters = []) =>
      parameters
        .filter((one) => hides(one.name))
        .reduce((shown, one) => shown.replaceAll(`${one.name}=${one.text}`, `${one.name}=${HIDDEN}`), text)
        .replaceAll(NAMED_VALUE, (whole, name: string) => (hides(name) ? `${name}=${HIDDEN}` : whole)),
  }
}

function withoutValues(detail: string): string {
  return detail.replace(GIVEN, `got ${HIDDEN}`).replace(CHANGED, `${HIDDEN} cannot become ${HIDDEN}`)
}
