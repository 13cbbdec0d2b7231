/** Launches slots that wait in the ledger, whoever put them there, as soon as their job is free. */
import type { ScheduleFire } from '../core/model/schedule-fire.ts'
import { fireAndRun } from './fire-schedule.ts'
import type { PlannedSchedule, SchedulerParts } from './scheduler-parts.ts'

const AT_ONCE = 100

/** Oldest first, those of backfills last; where one has to wait, so do the others of its schedule. */
export async function promoteQueued(parts: SchedulerParts): Promise<void> {
  const { repository, schedules } = parts
  const names = schedules.map(({ name }) => name)
  const queued = await repository.schedules.listQueued(names, AT_ONCE)
  for (const schedule of schedules) {
    const waiting = queued.filter((fire) => fire.schedule === schedule.name)
    await promote(parts, schedule, waiting)
  }
}

async function promote(
  parts: SchedulerParts,
  schedule: PlannedSchedule,
  waiting: readonly ScheduleFire[],
): Promise<void> {
  for (const { slot, maxActive } of waiting) {
    if (parts.draining.aborted) return
    const fired = await fireAndRun(parts, schedule, slot, maxActive === null ? 'queued' : 'backfill')
    const isLeft = fired.outcome === 'left' && fired.error === undefined
    const isAlone = schedule.overlap !== 'allow' && maxActive === null
    if (isLeft || (fired.outcome === 'FIRED' && isAlone)) return
  }
}
