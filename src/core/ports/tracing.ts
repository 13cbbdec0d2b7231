/** Spans of what runs, for whoever traces: a job execution, its steps, their chunks. */

/** Names that do not grow with the data; what tells one from the other stands in the attributes. No secrets in either. */
export interface SpanStart {
  readonly name: string
  readonly attributes: SpanAttributes
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

/** Where a trace goes on in another process: `traceparent`, and `tracestate` where there is one, as W3C Trace Context has them. */
export type TraceContext = Readonly<Record<string, string>>

export interface Tracing {
  /** Within the trace of `from`, else within the span that is active where it is called, else a trace of its own. Never throws. */
  readonly begin: (start: SpanStart, from?: TraceContext) => Span
}

/** None of its functions throws, but for what `work` throws. */
export interface Span {
  readonly begin: (start: SpanStart) => Span
  /** While `work` runs, and whatever it awaits, this is the active span: spans of libraries become its children. */
  readonly within: <R>(work: () => R) => R
  readonly set: (attributes: SpanAttributes) => void
  readonly failed: (error: SpanError) => void
  /** Called once, whatever happened before. */
  readonly end: () => void
  readonly context: () => TraceContext
}

export interface SpanError {
  /** `BatchError`, `TypeError`. */
  readonly type: string
  /** `WRITE_FAILED`, `23505`. */
  readonly code?: string
  readonly message: string
}

/** Under which spans are begun: a span of this process, or one of another that is told by its context. */
export interface SpanParent {
  readonly begin: (start: SpanStart) => Span
  readonly context: () => TraceContext | undefined
}
