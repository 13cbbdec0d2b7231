/** Sees to it that every slot up to now has its row: fired late, made up for by the misfire rule, or missed with the reason. */
import type { ScheduleState } from '../core/model/schedule-fire.ts'
import { fireAndRun } from './fire-schedule.ts'
import { planMisfires } from './misfire-decision.ts'
import { pauseText } from './overlap-decision.ts'
import type { PlannedSchedule, SchedulerParts } from './scheduler-parts.ts'

/** A slot has so long to be fired by the tick that belongs to it. */
const TICK_MILLISECONDS = 1500
/** A slot that is no more than so late is fired as if it were in time. */
export const TOLERANCE_MILLISECONDS = 10_000
/** A schedule without slots is covered once in so long, so that nobody has to look back further. */
const COVER_MILLISECONDS = 3_600_000
const PAGE = 1000

/** Any number of processes may do it at once. */
export async function coverSlots(
  parts: SchedulerParts,
  schedule: PlannedSchedule,
  { coveredUntil, pause }: ScheduleState,
): Promise<void> {
  const now = parts.clock.now().getTime() - schedule.delayMilliseconds
  const until = new Date(now - TICK_MILLISECONDS)
  const open = await openSlots(parts, schedule, coveredUntil, until)
  const paused = pause === null ? [] : open.filter((slot) => slot >= pause.since)
  const due = pause === null ? open : open.filter((slot) => slot < pause.since)
  const isLate = (slot: Date) => now - slot.getTime() > TOLERANCE_MILLISECONDS
  if (pause !== null) await record(parts, schedule, paused, 'PAUSED', pauseText(pause))
  const late = due.filter(isLate)
  const { queued, missed } = planMisfires(schedule.misfire, late, new Date(now))
  for (const { slots, detail } of missed) {
    const recorded = await record(parts, schedule, slots, 'MISSED', detail)
    if (recorded.length > 0) parts.observer.missed?.(schedule.name, recorded, detail)
  }
  await record(parts, schedule, queued, 'QUEUED', 'nobody fired it in time; it is made up for')
  for (const slot of due.filter((one) => !isLate(one))) await fireAndRun(parts, schedule, slot, 'due')
  if (open.length > 0 || until.getTime() - coveredUntil.getTime() > COVER_MILLISECONDS)
    await parts.repository.schedules.cover(schedule.name, until)
}

/** Those that have no row. */
async function openSlots(
  { repository }: SchedulerParts,
  { name, slots }: PlannedSchedule,
  after: Date,
  until: Date,
): Promise<readonly Date[]> {
  const open: Date[] = []
  let page: Date[] = []
  const keepOpen = async () => {
    const [first, last] = [page[0], page.at(-1)]
    if (first === undefined || last === undefined) return
    const before = new Date(first.getTime() - 1)
    const known = new Set<number>()
    // A slot that was asked for by hand may stand between the others.
    for (let from = before; from < last;) {
      const fires = await repository.schedules.listFires({
        schedule: name,
        after: from,
        until: last,
        order: 'oldest-first',
        limit: PAGE,
      })
      for (const { slot } of fires) known.add(slot.getTime())
      from = fires.length < PAGE ? last : (fires.at(-1)?.slot ?? last)
    }
    open.push(...page.filter((slot) => !known.has(slot.getTime())))
    page = []
  }
  for (const slot of slots.between(after, until)) {
    page.push(slot)
    if (page.length === PAGE) await keepOpen()
  }
  await keepOpen()
  return open
}

async function record(
  { repository, by, observer }: SchedulerParts,
  { name, job }: PlannedSchedule,
  slots: readonly Date[],
  outcome: 'PAUSED' | 'MISSED' | 'QUEUED',
  detail: string,
): Promise<readonly Date[]> {
  const row = { schedule: name, jobName: job.name, outcome, by, detail }
  const recorded: Date[] = []
  for (let from = 0; from < slots.length; from += PAGE) {
    const page = slots.slice(from, from + PAGE)
    recorded.push(...(await repository.schedules.record(page, row)))
  }
  if (recorded.length > 0) observer.recorded?.(name, recorded, outcome)
  return recorded
}
