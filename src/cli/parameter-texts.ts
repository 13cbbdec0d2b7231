/** Job parameters as the command line gives them: `k=v` words, and a JSON file. */
import { readFile } from 'node:fs/promises'
import { isLosslessNumber, parse } from 'lossless-json'
import { BatchError } from '../core/model/batch-error.ts'

type Texts = Readonly<Record<string, string>>

/**
 * One text per parameter, which the job's schema gives its type; a word comes before the same key of the file.
 * @throws BatchError INVALID_JOB_PARAMETERS
 */
export async function readParameterTexts(words: readonly string[], file: string | undefined): Promise<Texts> {
  const fromFile = file === undefined ? {} : await readParametersFile(file)
  return { ...fromFile, ...parseWords(words) }
}

/** The value goes from the first `=` to the end, and may be empty. */
function parseWords(words: readonly string[]): Texts {
  const texts = new Map<string, string>()
  for (const word of words) {
    const [, key, value] = /^([^=]+)=([\s\S]*)$/.exec(word) ?? []
    if (key === undefined || value === undefined)
      throw invalid(`${JSON.stringify(word)} is no parameter: write name=value`, { word })
    if (texts.has(key)) throw invalid(`${key} is given twice`, { key })
    texts.set(key, value)
  }
  return Object.fromEntries(texts)
}

/** Numbers keep all their digits: a bigint is larger than what JSON.parse can hold. */
async function readParametersFile(file: string): Promise<Texts> {
  let values: unknown
  try {
    values = parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw invalid(`the parameters' file ${file} cannot be read: ${(error as Error).message}`, { file }, error)
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw invalid(`the parameters' file ${file} must hold an object: { "name": value, … }`, { file })
  const present = Object.entries(values).filter(([, value]) => value !== null)
  return Object.fromEntries(present.map(([key, value]) => [key, textOf(file, key, value)]))
}

function textOf(file: string, key: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || isLosslessNumber(value)) return String(value)
  throw invalid(`${key} in ${file} must be a text, a number, true, false or null`, { file, key })
}

function invalid(message: string, details: Readonly<Record<string, unknown>>, cause?: unknown): BatchError {
  return new BatchError('INVALID_JOB_PARAMETERS', message, { details, cause })
}
