/** Lengths of time as people write them. */

/** `'90s'`, `'5m'`, `'1h'`, `'2d'`, `'4w'`. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd' | 'w'}`

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** In milliseconds; undefined where it is none. */
export function parseDuration(text: unknown): number | undefined {
  const [, number, unit] = typeof text === 'string' ? (/^(\d{1,9})([smhdw])$/.exec(text) ?? []) : []
  if (number === undefined) return undefined
  return Number(number) * UNITS[unit as keyof typeof UNITS]
}
