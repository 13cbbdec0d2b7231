/** Says what is wrong with a record: file, line, field, what was there and what was expected. */
import type { z } from 'zod'
import { BatchError } from '../core/model/batch-error.ts'
import type { Malformation } from './record-scanner.ts'

export interface FaultPlace {
  /** The path, as the author gave it. */
  readonly file: string
  readonly line: number
}

const SHOWN_ISSUES = 5
const SHOWN_CHARACTERS = 60

export function malformedFault(place: FaultPlace, kind: Malformation, quoteLine: number): BatchError {
  switch (kind) {
    case 'unclosed-quote':
      return fault(
        place,
        `the quote that opens in line ${quoteLine} is not closed before the end of the file`,
      )
    case 'text-after-quote':
      return fault(
        place,
        `text follows a closing quote (line ${quoteLine}): double the quotes inside a quoted field`,
      )
  }
  return kind satisfies never
}

export function fieldCountFault(place: FaultPlace, expected: number, found: number): BatchError {
  return fault(place, `${expected} fields expected, ${found} found`)
}

export function encodingFault(place: FaultPlace, encoding: string): BatchError {
  return fault(
    place,
    `holds bytes that are not ${encoding}: name the file's encoding, such as 'windows-1252'`,
  )
}

/** The schema refused the row. */
export function schemaFault(
  place: FaultPlace,
  issues: readonly z.core.$ZodIssue[],
  row: Readonly<Record<string, unknown>>,
): BatchError {
  const shown = issues.slice(0, SHOWN_ISSUES).map((issue) => describeIssue(issue, row))
  const more = issues.length > SHOWN_ISSUES ? `; and ${issues.length - SHOWN_ISSUES} more` : ''
  return fault(place, shown.join('; ') + more)
}

/** The schema's own code threw. */
export function thrownFault(place: FaultPlace, cause: unknown): BatchError {
  return fault(place, `the schema threw: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
}

function fault({ file, line }: FaultPlace, reason: string, cause?: unknown): BatchError {
  return new BatchError('READ_FAILED', `${file} line ${line}: ${reason}`, { cause, details: { file, line } })
}

function describeIssue(issue: z.core.$ZodIssue, row: Readonly<Record<string, unknown>>): string {
  const [key] = issue.path
  const reason = issue.message.replace(/^Invalid input: /, '')
  if (key === undefined) return reason
  const received = shownValue(row[String(key)])
  const field = `field ${JSON.stringify(issue.path.map(String).join('.'))}`
  if (issue.code === 'invalid_type') return `${field}: expected ${issue.expected}, received ${received}`
  return `${field}: ${reason}, received ${received}`
}

function shownValue(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'an empty field'
  const text =
    value instanceof Date ? value.toISOString() : typeof value === 'string' ? value : `${value as number}`
  return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text)
}
