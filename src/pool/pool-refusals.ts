/** What a pool says that launches nothing. */
import { BatchError } from '../core/model/batch-error.ts'

export function atCapacity(limit: number): BatchError {
  return new BatchError(
    'AT_CAPACITY',
    `This server runs at most ${limit} executions at once, and that many are under way; nothing was launched. Ask again later, ` +
      'or give the server more (batchwright serve --concurrency; localPool({ limit }) where it is mounted).',
    { details: { limit } },
  )
}

export function serverDraining(reason: string): BatchError {
  return new BatchError(
    'SERVER_DRAINING',
    `This server is about to end (${reason}); nothing was launched. Ask again when it is back, or ask another.`,
    { details: { reason } },
  )
}
