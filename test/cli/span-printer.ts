/** To be loaded by `--import`: an OpenTelemetry SDK that prints spans on standard error when they end: their name, and a parent elsewhere. */
import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'

trace.setGlobalTracerProvider(
  new BasicTracerProvider({
    spanProcessors: [
      new SimpleSpanProcessor({
        export: (spans, done) => {
          for (const { name, parentSpanContext: parent } of spans) {
            const elsewhere = parent?.isRemote === true ? ` of ${parent.traceId}-${parent.spanId}` : ''
            process.stderr.write(`span: ${name}${elsewhere}\n`)
          }
          done({ code: 0 })
        },
        shutdown: async () => {},
      }),
    ],
  }),
)
