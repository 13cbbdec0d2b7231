/** A schedule with its slots and its delay, both computed once. */
import { createHash } from 'node:crypto'
import { cronSlots } from './cron-slots.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import { durationMilliseconds } from './duration-milliseconds.ts'
import type { PlannedSchedule } from './scheduler-parts.ts'

export function planSchedule(schedule: ScheduleDefinition): PlannedSchedule {
  const { name, cron, timezone, jitter } = schedule
  return {
    ...schedule,
    slots: cronSlots(cron, timezone),
    delayMilliseconds: delayOf(name, durationMilliseconds(jitter)),
  }
}

/** The same in every process, so that none fires before the others. */
function delayOf(name: string, jitterMilliseconds: number): number {
  if (jitterMilliseconds === 0) return 0
  return createHash('sha256').update(name).digest().readUInt32BE(0) % jitterMilliseconds
}
