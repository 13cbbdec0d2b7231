/** Where the trace of a request goes on. */
import type { TraceContext } from '../core/ports/tracing.ts'

/** As its headers say, W3C Trace Context; for the order of a launch. What is no such thing, whoever traces passes over. */
export function requestTrace({ headers }: Request): { readonly traceContext?: TraceContext } {
  const traceparent = headers.get('traceparent')
  if (traceparent === null) return {}
  const tracestate = headers.get('tracestate')
  return { traceContext: { traceparent, ...(tracestate !== null && { tracestate }) } }
}
