/** A context in the two columns that Spring keeps it in. */
import type { ExecutionContext, StoredContext } from '../../core/model/execution-context.ts'
import { decodeContext, encodeContext } from './context-json.ts'

export interface ContextColumns {
  readonly shortContext: string
  readonly serializedContext: string | null
}

/** Spring's rule, counted in UTF-16 units as Java counts. */
const SHORT_LIMIT = 2500
const SHORT_HEAD = 2492

export function contextColumns(context: ExecutionContext): ContextColumns {
  return textColumns(encodeContext(context))
}

/** An opaque context is written back as it was found. */
export function storedContextColumns(context: StoredContext): ContextColumns {
  return context.kind === 'readable' ? contextColumns(context.values) : textColumns(context.text)
}

export function decodeContextColumns(columns: {
  readonly shortContext: string | null
  readonly serializedContext: string | null
}): StoredContext {
  const text = columns.serializedContext ?? columns.shortContext
  // A row without a context is what older versions of Spring left behind.
  return text === null || text === undefined ? { kind: 'readable', values: {} } : decodeContext(text)
}

function textColumns(text: string): ContextColumns {
  if (text.length <= SHORT_LIMIT) return { shortContext: text, serializedContext: null }
  return { shortContext: `${text.slice(0, SHORT_HEAD)} ...`, serializedContext: text }
}
