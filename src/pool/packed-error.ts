/** Errors as data that crosses a channel between processes, and comes out as what it was. */
import { BATCH_ERRORS, BatchError, type BatchErrorCode, isBatchError } from '../core/model/batch-error.ts'
import { stackText, thrownText } from '../core/model/error-description.ts'
import { jsonLine } from '../json/json-line.ts'

export interface PackedError {
  /** Null of what is no BatchError. */
  readonly code: BatchErrorCode | null
  readonly name: string
  readonly message: string
  readonly stack: string | null
  readonly details: Readonly<Record<string, unknown>>
  readonly cause: PackedError | null
}

const DEEPEST_CAUSE = 10

/** Code, message, details and causes are kept; of details that cannot be cloned what JSON has of them. */
export function packError(error: unknown, depth = 0): PackedError {
  const cause = error instanceof Error && depth < DEEPEST_CAUSE ? error.cause : undefined
  return {
    code: isBatchError(error) ? error.code : null,
    name: error instanceof Error ? error.name : 'Error',
    message: error instanceof Error ? thrownText(error) : String(error),
    stack: error instanceof Error ? stackText(error) || null : null,
    details: isBatchError(error) ? cloneable(error.details) : {},
    cause: cause === undefined ? null : packError(cause, depth + 1),
  }
}

/** A code that this process does not know, of another version's, is no BatchError. */
export function unpackError(packed: PackedError): Error {
  const { code, message, details, stack, name } = packed
  const cause = packed.cause === null ? {} : { cause: unpackError(packed.cause) }
  const isKnown = code !== null && Object.hasOwn(BATCH_ERRORS, code)
  const error = isKnown ? new BatchError(code, message, { details, ...cause }) : new Error(message, cause)
  error.name = name
  if (stack !== null) error.stack = stack
  return error
}

function cloneable(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return structuredClone(details)
  } catch {
    return JSON.parse(jsonLine(details)) as Record<string, unknown>
  }
}
