/** A time of the past, as a person writes it: a day, a time, or how long ago. */
import { InvalidArgumentError } from 'commander'
import { isCalendarDay } from '../core/model/calendar-day.ts'
import { parseDuration } from '../core/model/duration.ts'

/** A day begins in UTC. @throws InvalidArgumentError */
export function pastTime(text: string): Date {
  const ago = parseDuration(text)
  // What is older than dates reach is as old as anything.
  if (ago !== undefined) return new Date(Math.max(Date.now() - ago, 0))
  const at = new Date(text)
  const [, day = ''] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$/.exec(text) ?? []
  if (isCalendarDay(day) && !Number.isNaN(at.getTime())) return at
  throw new InvalidArgumentError(
    'It must be a day such as 2026-11-21, a time with its zone such as 2026-11-21T02:00:00Z, or how long ago, such as 12h or 7d.',
  )
}
