/** What a person does with schedules: look, pause, resume, trigger, backfill. No scheduler need run for any of it. */
import type { StartOptions } from '../core/operator/started-job.ts'
import type { Fired } from '../core/operator/fire-operations.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { nearestName } from '../core/model/nearest-name.ts'
import type { FireOutcome, ScheduleFire, ScheduleState } from '../core/model/schedule-fire.ts'
import type { Clock } from '../core/ports/clock.ts'
import { cronSlots } from './cron-slots.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import { fireSlot } from './fire-schedule.ts'
import { pauseText } from './overlap-decision.ts'
import type { SchedulingBatch } from './scheduler.ts'

export const REPROCESS = ['missing', 'failed'] as const

export interface Backfill {
  readonly from: Date
  readonly until: Date
  /** `missing`: slots for which nothing was launched. `failed`: those whose execution has failed or was stopped. */
  readonly reprocess: (typeof REPROCESS)[number]
}

/** A slot that a backfill comes to, with its row as it was; none where it has none. */
export interface BackfillSlot {
  readonly slot: Date
  readonly fire: ScheduleFire | undefined
}

export interface ScheduleOperations {
  /** @throws BatchError NO_SUCH_SCHEDULE */
  readonly find: (name: string) => ScheduleDefinition
  /** Undefined of one that no scheduler has seen yet. */
  readonly stateOf: (name: string) => Promise<ScheduleState | undefined>
  readonly next: (name: string, count: number) => readonly Date[]
  /** Slots from now on are PAUSED, in whatever process they would be fired; what waits stays waiting, what runs goes on. */
  readonly pause: (name: string, note: string | null, by: string) => Promise<ScheduleState>
  readonly resume: (name: string) => Promise<ScheduleState>
  /** Fires a slot of its own, now, in this process, paused or not. `left` where the job is busy. */
  readonly trigger: (name: string, options: StartOptions) => Promise<Fired>
  /** Oldest first. */
  readonly planBackfill: (name: string, backfill: Backfill) => Promise<readonly BackfillSlot[]>
  /** Fires one of those in this process. `left` while the job is busy, and where the launch of one that had failed is refused. */
  readonly fireBackfill: (
    name: string,
    slot: BackfillSlot,
    backfill: Backfill,
    options: StartOptions,
  ) => Promise<Fired>
}

const NOTHING_LAUNCHED: readonly FireOutcome[] = ['SKIPPED', 'REFUSED', 'MISSED', 'PAUSED']
const PAGE = 1000

export function scheduleOperations(
  { operator, repository }: SchedulingBatch,
  schedules: readonly ScheduleDefinition[],
  clock: Pick<Clock, 'now'>,
): ScheduleOperations {
  const { schedules: store } = repository
  const find = (name: string) => findSchedule(schedules, name)
  return {
    find,
    stateOf: async (name) => (await store.listStates()).find((one) => one.schedule === name),
    next: (name, count) => {
      const { cron, timezone } = find(name)
      return cronSlots(cron, timezone).next(clock.now(), count)
    },
    pause: (name, note, by) => store.pause(find(name).name, { note, by, at: clock.now() }),
    resume: async (name) => {
      await coverPause(store, find(name), clock)
      return store.resume(name, clock.now())
    },
    trigger: (name, options) =>
      fireSlot(operator, find(name), clock.now(), { occasion: 'asked', replaces: [] }, options),
    planBackfill: async (name, backfill) => {
      const { cron, timezone } = find(name)
      const before = new Date(backfill.from.getTime() - 1)
      const known = new Map<number, ScheduleFire>()
      for (let after = before; after < backfill.until;) {
        const fires = await store.listFires({
          schedule: name,
          after,
          until: backfill.until,
          order: 'oldest-first',
          limit: PAGE,
        })
        for (const fire of fires) known.set(fire.slot.getTime(), fire)
        after = fires.length < PAGE ? backfill.until : (fires.at(-1)?.slot ?? backfill.until)
      }
      return [...cronSlots(cron, timezone).between(before, backfill.until)]
        .map((slot) => ({ slot, fire: known.get(slot.getTime()) }))
        .filter(({ fire }) => isMeant(fire, backfill))
    },
    fireBackfill: (name, { slot }, { reprocess }, options) => {
      const replaces = reprocess === 'failed' ? (['FIRED'] as const) : NOTHING_LAUNCHED
      return fireSlot(operator, find(name), slot, { occasion: 'asked', replaces }, options)
    },
  }
}

function isMeant(fire: ScheduleFire | undefined, { reprocess }: Backfill): boolean {
  if (reprocess === 'missing') return fire === undefined || NOTHING_LAUNCHED.includes(fire.outcome)
  const status = fire?.outcome === 'FIRED' ? fire.latest?.status : undefined
  return status === 'FAILED' || status === 'STOPPED'
}

/** Where no scheduler ran, the slots of the pause have no rows yet; once it is resumed they would be taken for missed. */
async function coverPause(
  store: SchedulingBatch['repository']['schedules'],
  { name, cron, timezone }: ScheduleDefinition,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const state = (await store.listStates()).find((one) => one.schedule === name)
  if (state?.pause == null) return
  const { by, since } = state.pause
  const detail = pauseText(state.pause)
  const first = new Date(since.getTime() - 1)
  let page: Date[] = []
  const record = () => store.record(page, { schedule: name, outcome: 'PAUSED', by, detail })
  for (const slot of cronSlots(cron, timezone).between(first, clock.now())) {
    if (page.push(slot) < PAGE) continue
    await record()
    page = []
  }
  if (page.length > 0) await record()
}

/** @throws BatchError NO_SUCH_SCHEDULE */
export function findSchedule(schedules: readonly ScheduleDefinition[], name: string): ScheduleDefinition {
  const found = schedules.find((one) => one.name === name)
  if (found !== undefined) return found
  const known = schedules.map((one) => one.name)
  const nearest = nearestName(name, known)
  const hint =
    nearest === undefined ? `Known schedules: ${known.join(', ') || 'none'}.` : `Did you mean ${nearest}?`
  throw new BatchError('NO_SUCH_SCHEDULE', `There is no schedule ${name}. ${hint}`, {
    details: { name, known },
  })
}
