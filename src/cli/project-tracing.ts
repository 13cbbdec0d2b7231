/** The tracing that a project's config asks for. */
import type { Tracing } from '../core/ports/tracing.ts'
import { openTelemetryTracing } from '../telemetry/open-telemetry.ts'
import type { BatchwrightConfig } from './config.ts'

/** As an option of `createBatch`. @throws BatchError OPTIONAL_PACKAGE_MISSING */
export function projectTracing({ tracing = false }: BatchwrightConfig): { readonly tracing?: Tracing } {
  if (tracing === false) return {}
  return { tracing: tracing === true ? openTelemetryTracing() : tracing }
}
