/** Launches slots that wait in the ledger, whoever put them there, as soon as their job is free. */
import type { ScheduleFire } from '../core/model/schedule-fire.ts'
import { fireAndRun } from './fire-schedule.ts'
import type { PlannedSchedule, SchedulerParts } from './scheduler-parts.ts'

const AT_ONCE = 100

/** Of each schedule the oldest, those of backfills last. */
export function listQueued({ repository, schedules }: SchedulerParts): Promise<readonly ScheduleFire[]> {
  const names = schedules.map(({ name }) => name)
  return repository.schedules.listQueued(names, AT_ONCE)
}

/** In the order of `queued`; where one has to wait, so do the others of the schedule. */
export async function promoteQueued(
  parts: SchedulerParts,
  schedule: PlannedSchedule,
  queued: readonly ScheduleFire[],
): Promise<void> {
  for (const { slot, maxActive } of queued.filter((fire) => fire.schedule === schedule.name)) {
    if (parts.draining.aborted) return
    const fired = await fireAndRun(parts, schedule, slot, maxActive === null ? 'queued' : 'backfill')
    const isLeft = fired.outcome === 'left' && fired.error === undefined
    const isAlone = schedule.overlap !== 'allow' && maxActive === null
    if (isLeft || (fired.outcome === 'FIRED' && isAlone)) return
  }
}
