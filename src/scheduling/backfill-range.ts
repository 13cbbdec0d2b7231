/** The range of a backfill, as a person writes it. */
import { BatchError } from '../core/model/batch-error.ts'
import { isCalendarDay } from '../core/model/calendar-day.ts'
import { zoneClock } from './zone-clock.ts'

const DAY = 86_400_000
/** Wall clocks are told from here on: of the first years of our era a date is easily taken for one of the last century. */
export const FIRST_INSTANT = 0

export interface BackfillRange {
  readonly from: Date
  readonly until: Date
}

/** A day is meant from its beginning, or to its end, by the clock of the zone. @throws BatchError INVALID_CONFIGURATION */
export function backfillRange(
  timezone: string,
  { from, to }: { readonly from: string; readonly to: string },
): BackfillRange {
  const range = {
    from: startOf(timezone, '--from', from),
    until: isDay(to) ? new Date(dayStart(timezone, Date.parse(to) + DAY) - 1) : startOf(timezone, '--to', to),
  }
  if (range.from <= range.until) return range
  throw new BatchError('INVALID_CONFIGURATION', `--from ${from} is later than --to ${to}`, {
    details: { from, to },
  })
}

function startOf(timezone: string, option: string, text: string): Date {
  if (isDay(text)) return new Date(dayStart(timezone, Date.parse(text)))
  const instant = new Date(text)
  const [, day = ''] = /^(\d{4}-\d\d-\d\d)T.*(Z|[+-]\d\d:?\d\d)$/.exec(text) ?? []
  if (isCalendarDay(day) && isBackfillable(instant.getTime())) return instant
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `${option} is ${text}; it must be a day such as 2026-11-21, or a time with its zone such as 2026-11-21T02:00:00Z, of 1970 or later`,
    { details: { option, text } },
  )
}

function isDay(text: string): boolean {
  return isCalendarDay(text) && isBackfillable(Date.parse(text))
}

/** False of what is no time at all, too. */
function isBackfillable(instant: number): boolean {
  return instant >= FIRST_INSTANT
}

/** Where a clock change takes midnight away, the first hour that there is. */
function dayStart(timezone: string, wallMidnight: number): number {
  const clock = zoneClock(timezone)
  for (let wall = wallMidnight; ; wall += 900_000) {
    const [instant] = clock.instantsOf(wall)
    if (instant !== undefined) return instant
  }
}
