/** Values for an execution context: copied, so that later changes do not reach it, and refused where they cannot be stored. */
import { BatchError } from '../model/batch-error.ts'
import type { ContextValue } from '../model/execution-context.ts'

/** Deeper than any state of a job, and far from the end of the stack. */
const DEEPEST = 100

/** @throws BatchError INVALID_JOB_DEFINITION naming the key, and the place within its value. */
export function storableCopy(path: string, value: unknown, depth = 0): ContextValue {
  if (depth > DEEPEST) throw notStorable(path, 'is nested more than 100 levels deep, or holds itself')
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
      return value
    case 'string':
      if (value.includes('\0')) throw notStorable(path, 'holds a NUL character, which no Postgres text can')
      return value
    case 'number':
      if (!Number.isFinite(value)) throw notStorable(path, `is ${value}`)
      return value
    case 'object':
      return value === null ? null : copyObject(path, value, depth)
    default:
      throw notStorable(path, `is a ${typeof value}`)
  }
}

function copyObject(path: string, value: object, depth: number): ContextValue {
  if (Array.isArray(value))
    return value.map((one, index) => storableCopy(`${path}[${index}]`, one, depth + 1)) as ContextValue
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw notStorable(path, `is a ${value.constructor.name}; store its parts`)
  }
  const present = Object.entries(value).filter(([, one]) => one !== undefined)
  return Object.fromEntries(
    present.map(([key, one]) => [key, storableCopy(`${path}.${key}`, one, depth + 1)]),
  ) as ContextValue
}

function notStorable(path: string, fault: string): BatchError {
  return new BatchError(
    'INVALID_JOB_DEFINITION',
    `The context value ${path} ${fault}, and cannot be stored. A context takes texts, finite numbers, bigints, booleans, null, lists and plain objects.`,
    { details: { path } },
  )
}
