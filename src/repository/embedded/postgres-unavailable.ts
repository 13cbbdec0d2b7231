/** The one way this folder says no: what happened, and that a Postgres of one's own always works. */

import { BatchError } from '../../core/model/batch-error.ts'

export function postgresUnavailable(
  happened: string,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): BatchError {
  const message = `${happened} Or set DATABASE_URL to a Postgres of your own, which replaces the embedded one.`
  return new BatchError('EMBEDDED_POSTGRES_UNAVAILABLE', message, { details, cause })
}
