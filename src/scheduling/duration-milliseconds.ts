/** How long a length of time of a schedule is. */
import { BatchError } from '../core/model/batch-error.ts'
import { type Duration, parseDuration } from '../core/model/duration.ts'

/** Of one that was checked at load. @throws BatchError INVALID_SCHEDULE */
export function durationMilliseconds(duration: Duration): number {
  const milliseconds = parseDuration(duration)
  if (milliseconds !== undefined) return milliseconds
  throw new BatchError(
    'INVALID_SCHEDULE',
    `${duration} is no length of time such as '90s', '5m', '1h', '2d', '4w'`,
  )
}
