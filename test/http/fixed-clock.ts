/** Half past twelve, whenever it is asked. */
export const FIXED_CLOCK = { now: (): Date => new Date('2026-11-20T12:30:00Z') }
