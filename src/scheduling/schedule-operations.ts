/** What a person does with schedules: look, pause, resume, trigger, backfill. No scheduler need run for any of it. */
import type { StartOptions } from '../core/operator/started-job.ts'
import type { Fired } from '../core/operator/fire-operations.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { didYouMeanOr } from '../core/model/nearest-name.ts'
import type { FireOutcome, ScheduleFire, ScheduleState } from '../core/model/schedule-fire.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { ScheduleStore } from '../core/ports/schedule-store.ts'
import { cronSlots } from './cron-slots.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import { fireSlot } from './fire-schedule.ts'
import { firesBetween, pagesOf } from './ledger-pages.ts'
import { pauseText } from './overlap-decision.ts'
import type { SchedulingBatch } from './scheduler.ts'

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

export interface ScheduleOverview {
  readonly schedule: ScheduleDefinition
  /** Undefined of one that no scheduler has seen yet. */
  readonly state: ScheduleState | undefined
  /** What became of its latest slot. */
  readonly last: ScheduleFire | undefined
}

export interface ScheduleOperations {
  /** @throws BatchError NO_SUCH_SCHEDULE */
  readonly find: (name: string) => ScheduleDefinition
  /** All of them, or these, in their order, and how they stand. @throws BatchError NO_SUCH_SCHEDULE */
  readonly overview: (names?: readonly string[]) => Promise<readonly ScheduleOverview[]>
  readonly next: (name: string, count: number) => readonly Date[]
  /** Slots from now on are PAUSED, in whatever process they would be fired; what waits stays waiting, what runs goes on. */
  readonly pause: (name: string, note: string | null, by: string) => Promise<ScheduleState>
  readonly resume: (name: string, by: string) => Promise<ScheduleState>
  /** Fires a slot of its own, now, in this process, paused or not. `left` where the job is busy. */
  readonly trigger: (name: string, options: StartOptions) => Promise<Fired>
  /** Oldest first. @throws BatchError NO_SUCH_SCHEDULE */
  readonly planBackfill: (name: string, backfill: Backfill) => Promise<readonly BackfillSlot[]>
  /** Fires one of those in this process. `left` while the job is busy, and where the launch of one that had failed is refused. */
  readonly fireBackfill: (
    name: string,
    slot: BackfillSlot,
    backfill: Backfill,
    options: StartOptions,
  ) => Promise<Fired>
  /**
   * Leaves a backfill to the schedulers: its slots are QUEUED, and any of them fires them, oldest first, as the job becomes free and
   * the schedule is not paused. Answers with those slots, and their rows as they were.
   */
  readonly queueBackfill: (name: string, backfill: Backfill, by: string) => Promise<readonly BackfillSlot[]>
  /**
   * What still waits as part of backfills of this schedule is not fired: it is SKIPPED, or FIRED as it was before. Runs that are under way go
   * on. Answers with those slots, oldest first.
   */
  readonly cancelBackfill: (name: string, by: string) => Promise<readonly Date[]>
}

/** All of them are held in memory; of a year written wrong there would be no end. */
const MOST_SLOTS = 100_000

const NOTHING_LAUNCHED: readonly FireOutcome[] = ['SKIPPED', 'REFUSED', 'MISSED', 'PAUSED']

export function scheduleOperations(
  { operator, repository }: SchedulingBatch,
  schedules: readonly ScheduleDefinition[],
  clock: Pick<Clock, 'now'>,
): ScheduleOperations {
  const { schedules: store } = repository
  const find = (name: string) => findSchedule(schedules, name)
  return {
    find,
    overview: async (names) => {
      const asked = names === undefined ? schedules : names.map(find)
      const states = await store.listStates()
      const latest = await store.listLatestFires(asked.map(({ name }) => name))
      return asked.map((schedule) => ({
        schedule,
        state: states.find((one) => one.schedule === schedule.name),
        last: latest.find((one) => one.schedule === schedule.name),
      }))
    },
    next: (name, count) => {
      const { cron, timezone } = find(name)
      return cronSlots(cron, timezone).next(clock.now(), count)
    },
    pause: (name, note, by) => store.pause(find(name).name, { note, by, at: clock.now() }),
    resume: async (name, by) => {
      await coverPause(store, find(name), clock)
      return store.resume(name, { by, at: clock.now() })
    },
    trigger: (name, options) =>
      fireSlot(operator, find(name), clock.now(), { occasion: 'asked', replaces: [] }, options),
    planBackfill: (name, backfill) => planBackfill(store, find(name), backfill, clock),
    fireBackfill: (name, { slot }, backfill, options) =>
      fireSlot(
        operator,
        find(name),
        slot,
        { occasion: 'asked', replaces: replacedBy(backfill), maxActive: backfill.maxActive ?? 1 },
        options,
      ),
    queueBackfill: async (name, backfill, by) => {
      const plan = await planBackfill(store, find(name), backfill, clock)
      const queued = new Set<number>()
      for (const page of pagesOf(plan.map(({ slot }) => slot))) {
        const detail = `waits as part of a backfill of ${plan.length} slots, asked for by ${by}`
        const { maxActive = 1 } = backfill
        const row = { schedule: name, by, detail, replaces: replacedBy(backfill), maxActive }
        for (const slot of await store.queue(page, row)) queued.add(slot.getTime())
      }
      return plan.filter(({ slot }) => queued.has(slot.getTime()))
    },
    cancelBackfill: async (name, by) =>
      store.cancelBackfill(find(name).name, { by, detail: `the backfill was cancelled by ${by}` }),
  }
}

/** Up to now: what is due later is fired then. */
async function planBackfill(
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

function replacedBy({ reprocess }: Backfill): readonly FireOutcome[] {
  return reprocess === 'failed' ? ['FIRED'] : NOTHING_LAUNCHED
}

function isMeant(fire: ScheduleFire | undefined, { reprocess }: Backfill): boolean {
  if (reprocess === 'missing') return fire === undefined || NOTHING_LAUNCHED.includes(fire.outcome)
  const status = fire?.outcome === 'FIRED' ? fire.latest?.status : undefined
  return status === 'FAILED' || status === 'STOPPED'
}

/** Where no scheduler ran, the slots of the pause have no rows yet; once it is resumed they would be taken for missed. */
async function coverPause(
  store: ScheduleStore,
  { name, cron, timezone }: ScheduleDefinition,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const state = (await store.listStates()).find((one) => one.schedule === name)
  if (state?.pause == null) return
  const { by, since } = state.pause
  const detail = pauseText(state.pause)
  const first = new Date(since.getTime() - 1)
  const row = { schedule: name, outcome: 'PAUSED', by, detail } as const
  for (const page of pagesOf(cronSlots(cron, timezone).between(first, clock.now())))
    await store.record(page, row)
}

/** @throws BatchError NO_SUCH_SCHEDULE */
export function findSchedule(schedules: readonly ScheduleDefinition[], name: string): ScheduleDefinition {
  const found = schedules.find((one) => one.name === name)
  if (found !== undefined) return found
  const known = schedules.map((one) => one.name)
  const hint = didYouMeanOr(name, known, `Known schedules: ${known.join(', ') || 'none'}.`)
  throw new BatchError('NO_SUCH_SCHEDULE', `There is no schedule ${name}. ${hint}`, {
    details: { name, known },
  })
}
