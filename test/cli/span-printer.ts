/** To be loaded by `--import`: an OpenTelemetry SDK that prints the names of spans on standard error when they end. */
import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'

trace.setGlobalTracerProvider(
  new BasicTracerProvider({
    spanProcessors: [
      new SimpleSpanProcessor({
        export: (spans, done) => {
          for (const { name } of spans) process.stderr.write(`span: ${name}\n`)
          done({ code: 0 })
        },
        shutdown: async () => {},
      }),
    ],
  }),
)
