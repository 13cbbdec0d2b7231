/** Whether a loop can wait so long between its looks. */
import { BatchError } from '../model/batch-error.ts'
import { LONGEST_TIMER_MILLISECONDS } from '../model/longest-timer.ts'

/** @throws BatchError INVALID_CONFIGURATION: without a wait the database would be asked without a pause */
export function checkInterval(everyMilliseconds: number): void {
  if (everyMilliseconds >= 1 && everyMilliseconds <= LONGEST_TIMER_MILLISECONDS) return
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `everyMilliseconds is ${everyMilliseconds}; it must be from 1 to ${LONGEST_TIMER_MILLISECONDS}`,
    { details: { everyMilliseconds } },
  )
}
