/** The wall clock of a time zone. A wall time is kept as the instant at which UTC's clock shows it. */

const DAY = 86_400_000

export interface ZoneClock {
  /** What the clock shows at an instant, without milliseconds. */
  readonly wallTime: (instant: number) => number
  /** The instants at which it shows a wall time, earliest first: one; none in a gap; two in a repeated hour. */
  readonly instantsOf: (wall: number) => readonly number[]
  /** Between two instants, oldest first. Of two changes within a day nothing may be seen. */
  readonly changes: (from: number, until: number) => readonly ClockChange[]
}

export interface ClockChange {
  /** The first instant with the new offset. */
  readonly at: number
  /** How far the clock is ahead of UTC, in milliseconds. */
  readonly before: number
  readonly after: number
}

export function isZone(timezone: unknown): timezone is string {
  if (typeof timezone !== 'string' || timezone === '') return false
  try {
    zoneClock(timezone)
    return true
  } catch {
    return false
  }
}

/** @throws RangeError where there is no such zone */
export function zoneClock(timezone: string): ZoneClock {
  const format = zoneFormat(timezone)
  const wallTime = (instant: number): number => {
    const parts = format.formatToParts(instant)
    const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value)
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
  }
  const offsetAt = (instant: number): number => {
    const whole = Math.floor(instant / 1000) * 1000
    return wallTime(whole) - whole
  }
  return {
    wallTime,
    instantsOf: (wall) =>
      [...new Set([offsetAt(wall - DAY), offsetAt(wall + DAY)])]
        .map((offset) => wall - offset)
        .filter((instant) => wallTime(instant) === wall)
        .toSorted((one, other) => one - other),
    changes: (from, until) => clockChanges(offsetAt, from, until),
  }
}

function clockChanges(
  offsetAt: (instant: number) => number,
  from: number,
  until: number,
): readonly ClockChange[] {
  const changes: ClockChange[] = []
  for (let start = from; start < until; start += DAY) {
    const end = Math.min(start + DAY, until)
    const [before, after] = [offsetAt(start), offsetAt(end)]
    if (before === after) continue
    let [early, late] = [Math.floor(start / 1000), Math.ceil(end / 1000)]
    while (late - early > 1) {
      const middle = Math.floor((early + late) / 2)
      if (offsetAt(middle * 1000) === before) early = middle
      else late = middle
    }
    changes.push({ at: late * 1000, before, after })
  }
  return changes
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
}
