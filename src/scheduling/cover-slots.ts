/** Sees to it that every slot up to now has its row: fired late, made up for by the misfire rule, or missed with the reason. */
import type { SchedulePause, ScheduleState } from '../core/model/schedule-fire.ts'
import { fireAndRun } from './fire-schedule.ts'
import { firesBetween, pagesOf } from './ledger-pages.ts'
import { misfireWindow, planMisfires, type SettledSlots } from './misfire-decision.ts'
import { pauseText } from './overlap-decision.ts'
import type { PlannedSchedule, SchedulerParts } from './scheduler-parts.ts'

/** A slot has so long to be fired by the tick that belongs to it. */
const TICK_MILLISECONDS = 1500
/** A slot that is no more than so late is fired as if it were in time. */
export const TOLERANCE_MILLISECONDS = 10_000
/** A schedule without slots is covered once in so long, so that nobody has to look back further. */
const COVER_MILLISECONDS = 3_600_000
/** Of slots that nothing is made up for so many are covered at a turn: a schedule of every second may have been away for a year. */
const STRETCH = 10_000

/** Any number of processes may do it at once: one of them says what becomes of a slot that is too late. */
export async function coverSlots(
  parts: SchedulerParts,
  schedule: PlannedSchedule,
  { coveredUntil, pause }: ScheduleState,
): Promise<void> {
  const now = parts.clock.now().getTime() - schedule.delayMilliseconds
  const until = stretchEnd(schedule, coveredUntil, now)
  const open = await openSlots(parts, schedule, coveredUntil, until)
  const isPaused = (slot: Date) => pause !== null && slot >= pause.since
  const isLate = (slot: Date) => now - slot.getTime() > TOLERANCE_MILLISECONDS
  const due = open.filter((slot) => !isPaused(slot))
  const misfires = planMisfires(schedule.misfire, due.filter(isLate), new Date(now))
  if (!(await recordMisfires(parts, schedule, misfires, coveredUntil))) return
  for (const slot of due.filter((one) => !isLate(one))) await fireAndRun(parts, schedule, slot, 'due')
  if (pause !== null) await recordPaused(parts, schedule, open.filter(isPaused), pause)
  if (open.length > 0 || until.getTime() - coveredUntil.getTime() > COVER_MILLISECONDS)
    await parts.repository.schedules.cover(schedule.name, until)
}

/** As far as slots are looked at now; the next turn goes on from there. What a misfire rule may make up for is looked at as a whole. */
function stretchEnd({ slots, misfire }: PlannedSchedule, coveredUntil: Date, now: number): Date {
  const until = now - TICK_MILLISECONDS
  let count = 0
  for (const slot of slots.between(coveredUntil, new Date(Math.min(until, now - misfireWindow(misfire))))) {
    count += 1
    if (count === STRETCH) return slot
  }
  return new Date(until)
}

/** Oldest first, each page only if nobody else has got so far meanwhile: otherwise false, and the next turn looks again. */
async function recordMisfires(
  { repository, by, observer }: SchedulerParts,
  { name, job }: PlannedSchedule,
  misfires: readonly SettledSlots[],
  coveredUntil: Date,
): Promise<boolean> {
  let from = coveredUntil
  for (const { slots, outcome, detail } of misfires) {
    for (const page of pagesOf(slots)) {
      const row = { schedule: name, jobName: job.name, outcome, by, detail }
      const until = page.at(-1) ?? from
      const recorded = await repository.schedules.recordUpTo(page, row, { from, until })
      if (recorded === undefined) return false
      if (recorded.length > 0) observer.recorded?.(name, recorded, outcome)
      if (outcome === 'MISSED' && recorded.length > 0) observer.missed?.(name, recorded, detail)
      from = until
    }
  }
  return true
}

async function recordPaused(
  { repository, by, observer }: SchedulerParts,
  { name }: PlannedSchedule,
  slots: readonly Date[],
  pause: SchedulePause,
): Promise<void> {
  const row = { schedule: name, outcome: 'PAUSED', by, detail: pauseText(pause) } as const
  for (const page of pagesOf(slots)) {
    const recorded = await repository.schedules.record(page, row)
    if (recorded.length > 0) observer.recorded?.(name, recorded, 'PAUSED')
  }
}

/** Those that have no row. */
async function openSlots(
  { repository }: SchedulerParts,
  { name, slots }: PlannedSchedule,
  after: Date,
  until: Date,
): Promise<readonly Date[]> {
  const open: Date[] = []
  for (const page of pagesOf(slots.between(after, until))) {
    const [first, last] = [page[0], page.at(-1)]
    if (first === undefined || last === undefined) continue
    const known = new Set<number>()
    const before = new Date(first.getTime() - 1)
    for await (const { slot } of firesBetween(repository.schedules, name, before, last))
      known.add(slot.getTime())
    open.push(...page.filter((slot) => !known.has(slot.getTime())))
  }
  return open
}
