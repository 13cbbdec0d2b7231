/** Slots that a clock change removes or doubles, so that nobody is surprised in spring. */
import { cronSlots } from './cron-slots.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import { type ClockChange, zoneClock } from './zone-clock.ts'

const DAY = 86_400_000
const SECOND = 1000
const WARNED_DAYS = 400

/** A sentence for each change within {@link WARNED_DAYS} days that touches a slot. */
export function clockChangeWarnings(schedule: ScheduleDefinition, now: Date): readonly string[] {
  const { name, cron, timezone } = schedule
  const { matchesWall } = cronSlots(cron, timezone)
  const from = now.getTime()
  return zoneClock(timezone)
    .changes(from, from + WARNED_DAYS * DAY)
    .flatMap((change) => {
      const touched = wallTimesOf(change).filter(matchesWall)
      const [first] = touched
      if (first === undefined) return []
      const count = touched.length === 1 ? '' : ` and ${touched.length - 1} more`
      const when = `${new Date(first).toISOString().slice(0, 19).replace('T', ' ')}${count}`
      const what =
        change.after > change.before
          ? `has no slot at ${when}: the clock is set forward over it`
          : `has one slot, not two, at ${when}: the clock shows it twice, and the first time counts`
      return [`schedule ${name} ${what} (${timezone}). A schedule in UTC knows no such days.`]
    })
}

/** Those that the clock does not show, or shows twice; every second, since an expression may name one. */
function wallTimesOf({ at, before, after }: ClockChange): readonly number[] {
  const [start, end] = [at + before, at + after].toSorted((one, other) => one - other) as [number, number]
  return Array.from({ length: (end - start) / SECOND }, (_, index) => start + index * SECOND)
}
