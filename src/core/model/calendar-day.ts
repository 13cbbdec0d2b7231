/** Days as people write them. */

/** Whether it is a day such as `2026-11-21`, and the calendar has it: `Date` takes February 30th for March 2nd. */
export function isCalendarDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const midnight = new Date(text)
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(text)
}
