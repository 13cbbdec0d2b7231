/** What becomes of slots that nobody fired in time. */
import type { Misfire } from './define-schedule.ts'
import type { Duration } from '../core/model/duration.ts'
import { durationMilliseconds } from './duration-milliseconds.ts'

const FIRE_ONCE_WINDOW: Duration = '1h'
const CATCH_UP_LIMIT = 100

/** Slots that meet the same fate. */
export interface SettledSlots {
  readonly slots: readonly Date[]
  /** `QUEUED`: they are made up for. */
  readonly outcome: 'MISSED' | 'QUEUED'
  readonly detail: string
}

/** How far back slots are made up for, in milliseconds. */
export function misfireWindow(misfire: Misfire): number {
  if (misfire === 'skip') return 0
  const window = misfire === 'fire-once' ? undefined : misfire.window
  return durationMilliseconds(window ?? FIRE_ONCE_WINDOW)
}

/** How many slots may be made up for one after the other. */
export function misfireLimit(misfire: Misfire): number {
  if (typeof misfire === 'string' || misfire.rule === 'fire-once') return 0
  return misfire.limit ?? CATCH_UP_LIMIT
}

/** `slots` oldest first, all of them too late; so are the answer's. */
export function planMisfires(misfire: Misfire, slots: readonly Date[], now: Date): readonly SettledSlots[] {
  const missed = (some: readonly Date[], detail: string) =>
    ({ slots: some, outcome: 'MISSED', detail }) as const
  if (misfire === 'skip') return [missed(slots, 'nobody fired it in time, and misfires are skipped')]
  const window = misfireWindow(misfire)
  const isWithin = (slot: Date) => now.getTime() - slot.getTime() <= window
  const within = slots.filter(isWithin)
  const kept = Math.max(1, misfireLimit(misfire))
  return [
    missed(
      slots.filter((slot) => !isWithin(slot)),
      `nobody fired it within the misfire window of ${window / 1000} s`,
    ),
    missed(
      within.slice(0, -kept),
      `nobody fired it in time, and of those only the latest ${kept} are made up for`,
    ),
    {
      slots: within.slice(-kept),
      outcome: 'QUEUED',
      detail: 'nobody fired it in time; it is made up for',
    },
  ]
}
