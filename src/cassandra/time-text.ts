/** Texts of times, dates and durations that a driver would wrap around, cut, or read as others. */

const DATE = /^(-?\d{4,7})-(\d\d)-(\d\d)$/
export const DURATION: RegExp =
  /^-?(?=\d)(?:(\d+)y)?(?:(\d+)mo)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?(?:(\d+)us)?(?:(\d+)ns)?$/

const MOMENT = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,3}0*)?)?(?:Z|[+-]\d\d:?\d\d)$/

/**
 * Text without an offset would mean another moment on another machine; digits behind the milliseconds would be lost, and the 31st of
 * February would become a day of March.
 */
export function isMoment(value: unknown): value is string {
  const [, day] = (typeof value === 'string' ? MOMENT.exec(value) : null) ?? []
  return day !== undefined && isCalendarDate(day)
}

/** The driver would make the 3rd of March of the 31st of February. */
export function isCalendarDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? []
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  return date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day)
}

const MONTHS_OF = [12n, 1n] as const
const DAYS_OF = [7n, 1n] as const
const NANOSECONDS_OF = [3_600_000_000_000n, 60_000_000_000n, 1_000_000_000n, 1_000_000n, 1_000n, 1n] as const

/** The driver would wrap the nanoseconds around. */
export function isDurationWithin(text: string): boolean {
  const counts = (DURATION.exec(text) ?? []).slice(1).map((part) => BigInt(part ?? 0))
  const sum = (sizes: readonly bigint[], first: number): bigint =>
    sizes.reduce((total, size, index) => total + size * (counts[first + index] ?? 0n), 0n)
  return sum(MONTHS_OF, 0) < 1n << 31n && sum(DAYS_OF, 2) < 1n << 31n && sum(NANOSECONDS_OF, 4) < 1n << 63n
}
