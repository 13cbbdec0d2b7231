/** W3C Trace Context: how a trace goes on in another process, as plain data. */
import type * as OpenTelemetry from '@opentelemetry/api'
import type { Context, SpanContext } from '@opentelemetry/api'
import type { TraceContext } from '../core/ports/tracing.ts'

type Api = typeof OpenTelemetry

/** Version, trace, span, flags. Later versions may have more behind it. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** Undefined where there is none, or it is not valid: then it is as if nobody had sent it, as the standard wants it. */
export function contextFrom(api: Api, from: TraceContext | undefined): Context | undefined {
  const [, version, traceId = '', spanId = '', flags = '', rest] =
    TRACEPARENT.exec(from?.['traceparent']?.trim() ?? '') ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  const traceState = from?.['tracestate']
  const remote: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(traceState !== undefined && { traceState: api.createTraceState(traceState) }),
  }
  return api.isSpanContextValid(remote) ? api.trace.setSpanContext(api.ROOT_CONTEXT, remote) : undefined
}

/** Empty where no SDK is set up. */
export function traceContextOf(api: Api, context: SpanContext): TraceContext {
  if (!api.isSpanContextValid(context)) return {}
  const { traceId, spanId, traceFlags, traceState } = context
  const tracestate = traceState?.serialize() ?? ''
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    ...(tracestate !== '' && { tracestate }),
  }
}
