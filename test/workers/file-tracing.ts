/** Spans of many processes in one file, a line each. */
import { appendFileSync } from 'node:fs'
import type { Span, SpanStart, Tracing } from '../../src/core/ports/tracing.ts'

export interface WrittenSpan extends SpanStart {
  readonly id: string
  readonly parent: string | null
  readonly pid: number
}

export function fileTracing(path: string): Tracing {
  let count = 0
  const begin = (start: SpanStart, parent: string | null): Span => {
    count += 1
    const id = `${process.pid}-${count}`
    return {
      begin: (child) => begin(child, id),
      within: (work) => work(),
      set: () => {},
      failed: () => {},
      end: () => appendFileSync(path, `${JSON.stringify({ ...start, id, parent, pid: process.pid })}\n`),
      context: () => ({ traceparent: id }),
    }
  }
  return { begin: (start, from) => begin(start, from?.['traceparent'] ?? null) }
}
