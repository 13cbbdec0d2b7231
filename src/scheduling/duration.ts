/** Lengths of time as a schedule's author writes them. */
import { BatchError } from '../core/model/batch-error.ts'

/** `'90s'`, `'5m'`, `'1h'`, `'2d'`. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** In milliseconds; undefined where it is none. */
export function parseDuration(text: unknown): number | undefined {
  const [, number, unit] = typeof text === 'string' ? (/^(\d{1,9})([smhd])$/.exec(text) ?? []) : []
  if (number === undefined) return undefined
  return Number(number) * UNITS[unit as keyof typeof UNITS]
}

/** Of one that was checked at load. @throws BatchError INVALID_SCHEDULE */
export function durationMilliseconds(duration: Duration): number {
  const milliseconds = parseDuration(duration)
  if (milliseconds !== undefined) return milliseconds
  throw new BatchError('INVALID_SCHEDULE', `${duration} is no length of time such as '90s', '5m', '1h', '2d'`)
}
