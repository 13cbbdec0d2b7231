/** Schedules: declared beside the jobs, fired by a scheduler, looked after by a person. */
export { type StrayErrors, watchStrayErrors } from '../process/stray-errors.ts'
export { checkSchedules, scheduleFaults } from './check-schedules.ts'
export { clockChangeWarnings } from './clock-change-warnings.ts'
export { type CronSlots, cronSlots } from './cron-slots.ts'
export {
  type CatchUp,
  defineSchedule,
  type FireOnce,
  type Misfire,
  type Overlap,
  type ScheduleDefinition,
  type ScheduleOptions,
  type SlotScope,
} from './define-schedule.ts'
export type { Duration } from '../core/model/duration.ts'
export type { Backfill, BackfillSlot } from './plan-backfill.ts'
export { type ScheduleOperations, scheduleOperations } from './schedule-operations.ts'
export { createScheduler, type Scheduler, type SchedulerOptions, type SchedulingBatch } from './scheduler.ts'
export type { SchedulerObserver } from './scheduler-parts.ts'
