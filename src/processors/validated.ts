/** Lets only items through that a zod schema accepts. */
import { inspect } from 'node:util'
import type { z } from 'zod'
import type { Processor } from '../core/definition/step-definition.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { FILTERED, type Filtered } from '../core/model/filtered.ts'

export interface ValidatedOptions {
  /** An item that the schema refuses fails, or is dropped and counted as filtered. @default 'fail' */
  readonly invalid?: 'fail' | 'filter'
}

/**
 * Hands on what the schema makes of each item, so that its defaults and transforms apply. An asynchronous schema makes
 * the processor asynchronous.
 * @throws BatchError ITEM_INVALID naming each path with its value
 */
export function validated<S extends z.ZodType, P = unknown>(
  schema: S,
  { invalid = 'fail' }: ValidatedOptions = {},
): Processor<P, unknown, z.output<S>> {
  let asynchronous = false
  const settle = (item: unknown, result: z.ZodSafeParseResult<z.output<S>>): z.output<S> | Filtered => {
    if (result.success) return result.data
    if (invalid === 'filter') return FILTERED
    throw itemInvalid(item, result.error)
  }
  const settleLater = async (item: unknown) => settle(item, await schema.safeParseAsync(item))
  return (item) => {
    if (asynchronous) return settleLater(item)
    let result
    try {
      result = schema.safeParse(item)
    } catch (error) {
      if (!isAsynchronousSchema(error)) throw error
      asynchronous = true
      return settleLater(item)
    }
    return settle(item, result)
  }
}

function isAsynchronousSchema(error: unknown): boolean {
  return error instanceof Error && error.constructor.name === '$ZodAsyncError'
}

const SHOWN_ISSUES = 10

function itemInvalid(item: unknown, error: z.ZodError): BatchError {
  const issues = error.issues.map(({ path, message }) => ({
    path: path.map(String).join('.'),
    message,
    value: shown(valueAt(item, path)),
  }))
  const texts = issues
    .slice(0, SHOWN_ISSUES)
    .map(({ path, message, value }) => `${path === '' ? 'the item' : path} is ${value}: ${message}`)
  const more = issues.length > SHOWN_ISSUES ? `; and ${issues.length - SHOWN_ISSUES} more` : ''
  return new BatchError('ITEM_INVALID', texts.join('; ') + more, { details: { issues }, cause: error })
}

function valueAt(item: unknown, path: readonly PropertyKey[]): unknown {
  let value = item
  for (const key of path) value = (value as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[key]
  return value
}

function shown(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Infinity, maxStringLength: 80, maxArrayLength: 5 })
}
