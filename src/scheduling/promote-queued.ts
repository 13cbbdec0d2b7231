/** Launches slots that wait in the ledger, whoever put them there, as soon as their job is free. */
import { fireAndRun } from './fire-schedule.ts'
import type { SchedulerParts } from './scheduler-parts.ts'

const AT_ONCE = 1000

/** Oldest first; of each schedule one, unless its runs may overlap. */
export async function promoteQueued(parts: SchedulerParts): Promise<void> {
  const { repository, schedules } = parts
  const queued = await repository.schedules.listFires({
    outcomes: ['QUEUED'],
    order: 'oldest-first',
    limit: AT_ONCE,
  })
  for (const schedule of schedules) {
    for (const { slot } of queued.filter((fire) => fire.schedule === schedule.name)) {
      const { outcome } = await fireAndRun(parts, schedule, slot, 'queued')
      if (outcome !== 'taken' && schedule.overlap !== 'allow') break
    }
  }
}
