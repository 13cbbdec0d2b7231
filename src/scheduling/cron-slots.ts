/**
 * The slots of a cron expression in a time zone. Live firing, previews, misfires and backfills all ask here.
 *
 * A slot is a wall time that matches. One that a clock change removes is none; one that it doubles is the first of the two.
 */
import { createTask, parse, type ParsedFields } from 'node-cron'
import { type ZoneClock, zoneClock } from './zone-clock.ts'

export interface CronSlots {
  /** After an instant, oldest first, for as long as anybody asks; ends when ten years have none, and with the year 9999. */
  readonly after: (instant: Date) => Generator<Date, void>
  /** The first so many after an instant. */
  readonly next: (instant: Date, count: number) => readonly Date[]
  /** Later than `after`, up to `until` and with it. */
  readonly between: (after: Date, until: Date) => Generator<Date, void>
  readonly isSlot: (instant: Date) => boolean
  /** Whether a wall time matches, whatever the zone makes of it; see `wallTime`. */
  readonly matchesWall: (wall: number) => boolean
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** A clock change moves the wall clock by at most so much: a repeated hour begins that long before the time that is shown. */
const CLOCK_CHANGE = 3 * HOUR
/** February 29th is at most eight years away. */
const FURTHEST_DAYS = 3653
/** No later year is written with four digits. */
const LAST_DAY = Date.UTC(9999, 11, 31)

/** @throws where the expression is not valid, which is checked at load */
export function cronSlots(cron: string, timezone: string): CronSlots {
  const { second, minute, hour, ...days } = parse(cron)
  const times = { hours: ascending(hour), minutes: ascending(minute), seconds: ascending(second) }
  const matchesWall = wallMatcher(cron)
  const mayMatch = dayFilter(days)
  const clock = zoneClock(timezone)
  const firstOfDay =
    (times.hours[0] ?? 0) * HOUR + (times.minutes[0] ?? 0) * MINUTE + (times.seconds[0] ?? 0) * SECOND

  function* after(instant: Date, last = LAST_DAY): Generator<Date, void> {
    const from = instant.getTime()
    const start = clock.wallTime(from) - CLOCK_CHANGE
    let empty = 0
    for (
      let day = Math.floor(start / DAY) * DAY;
      empty < FURTHEST_DAYS && day <= Math.min(last, LAST_DAY);
      day += DAY
    ) {
      empty += 1
      if (!mayMatch(day) || !matchesWall(day + firstOfDay)) continue
      for (const slot of slotsOfDay(day, times, start, clock)) {
        if (slot <= from) continue
        empty = 0
        yield new Date(slot)
      }
    }
  }

  function* between(earliest: Date, until: Date): Generator<Date, void> {
    // A rare slot is not looked for beyond the end: this is asked each second.
    for (const slot of after(earliest, clock.wallTime(until.getTime()) + CLOCK_CHANGE)) {
      if (slot > until) return
      yield slot
    }
  }

  return {
    after: (instant) => after(instant),
    next: (instant, count) => first(after(instant), count),
    between,
    isSlot: (instant) => !between(new Date(instant.getTime() - 1), instant).next().done,
    matchesWall,
  }
}

interface Times {
  readonly hours: readonly number[]
  readonly minutes: readonly number[]
  readonly seconds: readonly number[]
}

/** Wall times in ascending order are instants in ascending order, as long as each is the first of its two. */
function* slotsOfDay(
  day: number,
  { hours, minutes, seconds }: Times,
  start: number,
  clock: ZoneClock,
): Generator<number, void> {
  for (const hour of hours) {
    if (day + (hour + 1) * HOUR <= start) continue
    for (const minute of minutes) {
      const wall = day + hour * HOUR + minute * MINUTE
      if (wall + MINUTE <= start) continue
      const [instant] = clock.instantsOf(wall)
      if (instant === undefined) continue
      for (const second of seconds) yield instant + second * SECOND
    }
  }
}

/** node-cron's own judgement, of a clock that never changes. The task is never started; destroyed, it leaves its registry. */
function wallMatcher(cron: string): (wall: number) => boolean {
  const task = createTask(cron, () => undefined, { timezone: 'UTC', suppressMissedWarning: true })
  void task.destroy()
  return (wall) => task.match(new Date(wall))
}

/** The first sieve: node-cron takes a thousand times as long for a day, and of a rare slot there are years of days to be looked at. */
function dayFilter({
  month,
  dayOfMonth,
}: Pick<ParsedFields, 'month' | 'dayOfMonth'>): (day: number) => boolean {
  const hasWords = dayOfMonth.some((one) => typeof one === 'string')
  return (day) => {
    const date = new Date(day)
    return month.includes(date.getUTCMonth() + 1) && (hasWords || dayOfMonth.includes(date.getUTCDate()))
  }
}

function first<T>(all: Iterable<T>, count: number): readonly T[] {
  const found: T[] = []
  if (count > 0)
    for (const one of all) {
      found.push(one)
      if (found.length === count) break
    }
  return found
}

/** Each once: of `9,9-17` node-cron has 9 twice. */
function ascending(values: readonly number[]): readonly number[] {
  return [...new Set(values)].toSorted((one, other) => one - other)
}
