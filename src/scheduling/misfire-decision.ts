/** What becomes of slots that nobody fired in time. */
import type { Misfire } from './define-schedule.ts'
import { type Duration, durationMilliseconds } from './duration.ts'

const FIRE_ONCE_WINDOW: Duration = '1h'
const CATCH_UP_LIMIT = 100

export interface MisfirePlan {
  /** Oldest first: they are made up for. */
  readonly queued: readonly Date[]
  readonly missed: readonly { readonly slots: readonly Date[]; readonly detail: string }[]
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

/** `slots` oldest first, all of them too late. */
export function planMisfires(misfire: Misfire, slots: readonly Date[], now: Date): MisfirePlan {
  if (misfire === 'skip')
    return { queued: [], missed: missed(slots, 'nobody fired it in time, and misfires are skipped') }
  const window = misfireWindow(misfire)
  const isWithin = (slot: Date) => now.getTime() - slot.getTime() <= window
  const old = slots.filter((slot) => !isWithin(slot))
  const within = slots.filter(isWithin)
  const kept = Math.max(1, misfireLimit(misfire))
  const left = within.slice(0, -kept)
  return {
    queued: within.slice(-kept),
    missed: [
      ...missed(old, `nobody fired it within the misfire window of ${window / 1000} s`),
      ...missed(left, `nobody fired it in time, and of those only the latest ${kept} are made up for`),
    ],
  }
}

function missed(slots: readonly Date[], detail: string): MisfirePlan['missed'] {
  return slots.length === 0 ? [] : [{ slots, detail }]
}
