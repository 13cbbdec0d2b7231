/** Errors for people, or as JSON: the message, with a stack only where the message cannot be enough. */
import { isBatchError } from '../core/model/batch-error.ts'
import { causeChain, stackText, thrownText } from '../core/model/error-description.ts'
import { authorsPlace } from '../process/authors-place.ts'
import { jsonLine } from '../json/json-line.ts'
import { type Output, styled } from './output.ts'

/** What was refused or went wrong outside of a run. Errors as JSON are results, so they go to standard output. */
export function printError(
  error: unknown,
  exitCode: number,
  output: Output,
  detail: 'brief' | 'verbose',
): void {
  if (output.json) output.result(jsonLine({ error: errorJson(error), exitCode }))
  else for (const line of errorLines(error, detail)) output.tell(line)
}

function errorJson(error: unknown): Readonly<Record<string, unknown>> {
  if (isBatchError(error)) return { code: error.code, message: error.message, details: error.details }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'UNEXPECTED', message, details: {} }
}

/** `error: …`, then what caused it. What is no BatchError may be a fault of ours, so its stack is shown. */
function errorLines(error: unknown, detail: 'brief' | 'verbose'): readonly string[] {
  const stack =
    error instanceof Error && (detail === 'verbose' || !isBatchError(error)) ? stackText(error) : undefined
  const lines = [styled('red', 'error:', process.stderr) + ` ${messageOf(error)}`]
  if (isBatchError(error) && detail === 'verbose') lines.push(`  ${error.code} ${jsonLine(error.details)}`)
  return stack === undefined ? lines : [...lines, ...framesOf(stack), ...verboseCauses(error)]
}

/** Why a run failed: each message once, the root cause last, with the place in the author's code that threw it. Several errors one by one. */
export function failureLines(error: unknown, detail: 'brief' | 'verbose'): readonly string[] {
  if (error instanceof AggregateError && error.errors.length > 0)
    return [error.message, ...error.errors.flatMap((one: unknown) => failureLines(one, detail))]
  const chain = causeChain(error)
  const messages = chain.map(messageOf)
  const lines = chain.flatMap((_, index) => {
    const message = messages[index] ?? ''
    const saidBefore = messages.slice(0, index).some((earlier) => earlier.includes(message))
    return saidBefore ? [] : [index === 0 ? message : `caused by ${message}`]
  })
  const root = chain.at(-1)
  if (!(root instanceof Error)) return lines
  if (detail === 'verbose') return [...lines, ...framesOf(stackText(root))]
  const place = isBatchError(root) ? undefined : authorsPlace(root)
  return place === undefined ? lines : [...lines, `  at ${place}`]
}

function verboseCauses(error: unknown): readonly string[] {
  return causeChain(error)
    .slice(1)
    .flatMap((cause) => [
      `caused by ${messageOf(cause)}`,
      ...(cause instanceof Error ? framesOf(stackText(cause)) : []),
    ])
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return thrownText(error)
  return isBatchError(error) || error.name === 'Error' ? error.message : `${error.name}: ${error.message}`
}

function framesOf(stack: string): readonly string[] {
  return stack.split('\n').filter((line) => /^\s+at /.test(line))
}
