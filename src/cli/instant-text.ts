/** Instants as the command line writes and reads them: in UTC, or with their zone. */
import { isCalendarDay } from '../core/model/calendar-day.ts'

export function instantText(instant: Date | undefined): string {
  return instant === undefined ? '' : instant.toISOString().replace(/\.000Z$/, 'Z')
}

/** Without a fraction of its second. */
export function secondText(instant: Date): string {
  return instant.toISOString().replace(/\.\d+Z$/, 'Z')
}

/** A day, which begins in UTC, or a time with its zone. Undefined for anything else, and for days that no calendar has. */
export function parseInstant(text: string): Date | undefined {
  const [, day = ''] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$/.exec(text) ?? []
  const at = new Date(text)
  return isCalendarDay(day) && !Number.isNaN(at.getTime()) ? at : undefined
}
