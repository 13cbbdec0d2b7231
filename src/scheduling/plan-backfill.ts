/** Which slots a backfill comes to, and over which rows of the ledger it goes. */
import { BatchError } from '../core/model/batch-error.ts'
import type { FireOutcome, ScheduleFire } from '../core/model/schedule-fire.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { ScheduleStore } from '../core/ports/schedule-store.ts'
import { cronSlots } from './cron-slots.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import { firesBetween } from './ledger-pages.ts'

export const REPROCESS = ['missing', 'failed'] as const

export interface Backfill {
  readonly from: Date
  readonly until: Date
  /** `missing`: slots for which nothing was launched. `failed`: those whose execution has failed or was stopped. */
  readonly reprocess: (typeof REPROCESS)[number]
  /** How many of its runs may be under way at once. @default 1 */
  readonly maxActive?: number
}

/** A slot that a backfill comes to, with its row as it was; none where it has none. */
export interface BackfillSlot {
  readonly slot: Date
  readonly fire: ScheduleFire | undefined
}

/** All of them are held in memory; of a year written wrong there would be no end. */
const MOST_SLOTS = 100_000

const NOTHING_LAUNCHED: readonly FireOutcome[] = ['SKIPPED', 'REFUSED', 'MISSED', 'PAUSED']

/** Oldest first, and up to now: what is due later is fired then. @throws BatchError INVALID_CONFIGURATION for too many slots */
export async function planBackfill(
  store: ScheduleStore,
  schedule: ScheduleDefinition,
  backfill: Backfill,
  clock: Pick<Clock, 'now'>,
): Promise<readonly BackfillSlot[]> {
  const before = new Date(backfill.from.getTime() - 1)
  const until = new Date(Math.min(backfill.until.getTime(), clock.now().getTime()))
  const slots = slotsOfBackfill(schedule, before, until)
  const known = new Map<number, ScheduleFire>()
  for await (const fire of firesBetween(store, schedule.name, before, until))
    known.set(fire.slot.getTime(), fire)
  return slots
    .map((slot) => ({ slot, fire: known.get(slot.getTime()) }))
    .filter(({ fire }) => isMeant(fire, backfill))
}

function slotsOfBackfill(
  { name, cron, timezone }: ScheduleDefinition,
  before: Date,
  until: Date,
): readonly Date[] {
  const slots: Date[] = []
  for (const slot of cronSlots(cron, timezone).between(before, until)) {
    slots.push(slot)
    if (slots.length > MOST_SLOTS)
      throw new BatchError(
        'INVALID_CONFIGURATION',
        `Schedule ${name} has more than ${MOST_SLOTS} slots between ${before.toISOString()} and ${until.toISOString()}; take a shorter time`,
        { details: { name, from: before, until } },
      )
  }
  return slots
}

export function replacedBy({ reprocess }: Backfill): readonly FireOutcome[] {
  return reprocess === 'failed' ? ['FIRED'] : NOTHING_LAUNCHED
}

function isMeant(fire: ScheduleFire | undefined, { reprocess }: Backfill): boolean {
  if (reprocess === 'missing') return fire === undefined || NOTHING_LAUNCHED.includes(fire.outcome)
  const status = fire?.outcome === 'FIRED' ? fire.latest?.status : undefined
  return status === 'FAILED' || status === 'STOPPED'
}
