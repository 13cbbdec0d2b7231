/** What a person does with schedules: look, pause, resume, trigger, backfill. No scheduler need run for any of it. */
import type { StartOptions } from '../core/operator/started-job.ts'
import type { Fired } from '../core/operator/fire-operations.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { didYouMeanOr } from '../core/model/nearest-name.ts'
import type { ScheduleFire, ScheduleState } from '../core/model/schedule-fire.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { ScheduleStore } from '../core/ports/schedule-store.ts'
import { cronSlots } from './cron-slots.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import { fireSlot } from './fire-schedule.ts'
import { pagesOf } from './ledger-pages.ts'
import { pauseText } from './overlap-decision.ts'
import { type Backfill, type BackfillSlot, planBackfill, replacedBy } from './plan-backfill.ts'
import type { SchedulingBatch } from './scheduler.ts'

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
  /** Oldest first, up to now. @throws BatchError NO_SUCH_SCHEDULE; INVALID_CONFIGURATION for more than 100,000 slots */
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
