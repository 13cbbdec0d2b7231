/** An OpenTelemetry SDK that keeps its spans, for as long as a test file. */
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'

export interface SpanRecorder {
  readonly spans: () => readonly ReadableSpan[]
  /** Of this name, in the order of their ends. */
  readonly named: (name: string) => readonly ReadableSpan[]
  /** `name < parent < its parent`. */
  readonly path: (span: ReadableSpan) => string
  readonly reset: () => void
  readonly close: () => Promise<void>
}

export function recordSpans(): SpanRecorder {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const manager = new AsyncLocalStorageContextManager().enable()
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(manager)
  const spans = () => exporter.getFinishedSpans()
  const path = (span: ReadableSpan): string => {
    const parentId = span.parentSpanContext?.spanId
    const parent = spans().find((one) => one.spanContext().spanId === parentId)
    if (parent !== undefined) return `${span.name} < ${path(parent)}`
    return parentId === undefined ? span.name : `${span.name} < remote ${parentId}`
  }
  return {
    spans,
    named: (name) => spans().filter((span) => span.name === name),
    path,
    reset: () => exporter.reset(),
    close: async () => {
      trace.disable()
      context.disable()
      await provider.shutdown()
    },
  }
}
