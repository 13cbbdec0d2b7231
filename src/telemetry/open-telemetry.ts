/** Tracing by OpenTelemetry: through its API, so that whichever SDK the process has set up gets the spans. */
import { createRequire } from 'node:module'
import type * as OpenTelemetry from '@opentelemetry/api'
import type { Context, Span as ApiSpan, Tracer } from '@opentelemetry/api'
import { BatchError } from '../core/model/batch-error.ts'
import type { Span, SpanStart, Tracing } from '../core/ports/tracing.ts'
import { contextFrom, traceContextOf } from './trace-context.ts'

type Api = typeof OpenTelemetry

const PACKAGE = '@opentelemetry/api'

/**
 * Where no SDK is set up its spans go nowhere, and cost little. An SDK that is set up later is found too; so that spans of
 * libraries nest it needs a context manager, as the Node SDK has one.
 * @throws BatchError OPTIONAL_PACKAGE_MISSING
 */
export function openTelemetryTracing(): Tracing {
  return tracingBy(loadApi())
}

/** Node finds CommonJS and ES modules of the API as one module, so that this is the one whose SDK the process has set up. */
function loadApi(): Api {
  try {
    return createRequire(import.meta.url)(PACKAGE) as Api
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== 'MODULE_NOT_FOUND') throw cause
    throw new BatchError(
      'OPTIONAL_PACKAGE_MISSING',
      `Tracing needs the package ${PACKAGE}, which is not installed here: npm install ${PACKAGE}`,
      { details: { package: PACKAGE }, cause },
    )
  }
}

function tracingBy(api: Api): Tracing {
  const tracer = api.trace.getTracer('batchwright')
  return {
    begin: (start, from) => begin({ api, tracer }, start, contextFrom(api, from) ?? api.context.active()),
  }
}

interface Parts {
  readonly api: Api
  readonly tracer: Tracer
}

function begin(parts: Parts, { name, attributes }: SpanStart, parent: Context): Span {
  const { api, tracer } = parts
  const own = tracer.startSpan(name, { attributes }, parent)
  const inside = api.trace.setSpan(parent, own)
  return {
    begin: (start) => begin(parts, start, inside),
    within: (work) => api.context.with(inside, work),
    set: (more) => void own.setAttributes(more),
    failed: (error) => fail(api, own, error),
    end: () => own.end(),
    context: () => traceContextOf(api, own.spanContext()),
  }
}

function fail(api: Api, span: ApiSpan, { type, code, message }: Parameters<Span['failed']>[0]): void {
  span.setAttribute('error.type', code ?? type)
  span.recordException({ name: type, message })
  span.setStatus({ code: api.SpanStatusCode.ERROR, message })
}
