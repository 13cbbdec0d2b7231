/** What a search for a text finds: the same rule for every repository. */
import type { JobExecutionSummary } from './job-execution.ts'

/** A parameter in full, as `name=value`. */
export interface ParameterPair {
  readonly name: string
  readonly value: string
}

/** The part before the first equals sign is the name. */
export function parameterPair(text: string): ParameterPair | undefined {
  const at = text.indexOf('=')
  return at < 1 ? undefined : { name: text.slice(0, at), value: text.slice(at + 1) }
}

/** Runs of letters and digits, in lower case: `WRITE_FAILED: 12` has three. */
function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
}

/**
 * A parameter whose value begins with the text, one that is the pair that it names, or an exit description that has all of its
 * words. Nothing is found for an empty text.
 */
export function isFoundBy({ jobParameters, exitStatus }: JobExecutionSummary, text: string): boolean {
  if (text === '') return false
  const pair = parameterPair(text)
  const words = wordsOf(text)
  const described = new Set(wordsOf(exitStatus.exitDescription))
  return (
    jobParameters.some((one) => one.text.startsWith(text)) ||
    jobParameters.some((one) => one.name === pair?.name && one.text === pair.value) ||
    (words.length > 0 && words.every((word) => described.has(word)))
  )
}
