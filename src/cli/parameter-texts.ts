/** Job parameters as the command line gives them: `k=v` and `k:=json` words, and a JSON file or standard input. */
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { isLosslessNumber, parse } from 'lossless-json'
import { BatchError, isBatchError } from '../core/model/batch-error.ts'

type Texts = Readonly<Record<string, string>>

/** What was given of a job's parameters, and which of it the file gave. */
export interface GivenParameters {
  /** One text per parameter, which the job's schema gives its type. */
  readonly texts: Texts
  readonly file?: { readonly name: string; readonly keys: readonly string[] }
}

const STANDARD_INPUT = '-'

/**
 * A word comes before the same key of the file; `-` is standard input.
 * @throws BatchError INVALID_JOB_PARAMETERS
 */
export async function readParameterTexts(
  words: readonly string[],
  file: string | undefined,
): Promise<GivenParameters> {
  const fromWords = parseWords(words)
  const given = wordTexts(fromWords)
  if (file === undefined) return { texts: given }
  const name = file === STANDARD_INPUT ? 'standard input' : file
  const fromFile = withoutKeys(await readParametersFile(file, name), fromWords)
  return { texts: { ...fromFile, ...given }, file: { name, keys: Object.keys(fromFile) } }
}

/** Lets them be judged; a refusal then also says which of the keys at fault stand in the file, for there they are corrected. */
export async function judgeParameters({ file }: GivenParameters, judge: () => unknown): Promise<void> {
  try {
    await judge()
  } catch (error) {
    if (file === undefined || !isBatchError(error, 'INVALID_JOB_PARAMETERS')) throw error
    const { faults } = error.details
    const isAtFault = (key: string) =>
      Array.isArray(faults) && faults.some((fault) => String(fault).startsWith(`${key}: `))
    const keys = file.keys.filter(isAtFault)
    if (keys.length === 0) throw error
    const details = { ...error.details, file: file.name, keys }
    throw new BatchError(error.code, `${error.message}\n  (${keys.join(', ')}: from ${file.name})`, {
      details,
      cause: error.cause,
    })
  }
}

/** Undefined takes a parameter away that the file gives. */
type Words = ReadonlyMap<string, string | undefined>

/** The value goes from the first `=` to the end, and may be empty; after `:=` it is JSON. */
function parseWords(words: readonly string[]): Words {
  const texts = new Map<string, string | undefined>()
  for (const word of words) {
    const [, key, isJson, value] = /^([^=]+?)(:?)=([\s\S]*)$/.exec(word) ?? []
    if (key === undefined || value === undefined)
      throw invalid(`${JSON.stringify(word)} is no parameter: write name=value`, { word })
    if (texts.has(key)) throw invalid(`${key} is given twice`, { key })
    texts.set(key, isJson === ':' ? jsonText(word, key, value) : value)
  }
  return texts
}

function jsonText(word: string, key: string, json: string): string | undefined {
  let value: unknown
  try {
    value = parse(json)
  } catch (error) {
    const reason = (error as Error).message
    throw invalid(`what follows := in ${JSON.stringify(word)} is no JSON: ${reason}`, { word, key }, error)
  }
  return value === null ? undefined : textOf(JSON.stringify(word), key, value)
}

function wordTexts(words: Words): Texts {
  return Object.fromEntries([...words].filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function withoutKeys(texts: Texts, words: Words): Texts {
  return Object.fromEntries(Object.entries(texts).filter(([key]) => !words.has(key)))
}

/** Numbers keep all their digits: a bigint is larger than what JSON.parse can hold. */
async function readParametersFile(file: string, name: string): Promise<Texts> {
  let values: unknown
  try {
    values = parse(utf8(file === STANDARD_INPUT ? await buffer(process.stdin) : await readFile(file)))
  } catch (error) {
    throw invalid(
      `the parameters in ${name} cannot be read: ${(error as Error).message}`,
      { file: name },
      error,
    )
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values) || isLosslessNumber(values))
    throw invalid(`the parameters in ${name} must be an object: { "name": value, … }`, { file: name })
  const present = Object.entries(values).filter(([, value]) => value !== null)
  return Object.fromEntries(present.map(([key, value]) => [key, textOf(name, key, value)]))
}

/** A file in another encoding would be read as other characters, and be recorded as such. @throws TypeError */
function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

function textOf(place: string, key: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || isLosslessNumber(value)) return String(value)
  throw invalid(`${key} in ${place} must be a text, a number, true, false or null`, { place, key })
}

function invalid(message: string, details: Readonly<Record<string, unknown>>, cause?: unknown): BatchError {
  return new BatchError('INVALID_JOB_PARAMETERS', message, { details, cause })
}
