/** A schedule as its author writes it: plain data beside the jobs. */
import type { z } from 'zod'
import type { JobDefinition, Steps } from '../core/definition/define-job.ts'
import type { Duration } from '../core/model/duration.ts'

export const OVERLAPS = ['skip', 'queue-one', 'allow', 'stop-previous'] as const
/**
 * What becomes of a slot while an execution of the job is live, whoever launched it. `skip`: it is left out. `queue-one`: it
 * waits, and slots after it are left out. `allow`: it runs beside. `stop-previous`: the live ones are asked to stop, and it waits
 * for that; of several that wait the latest runs.
 */
export type Overlap = (typeof OVERLAPS)[number]

/**
 * What becomes of slots that nobody fired in time, because no scheduler ran or the database was away. `skip`: all are recorded
 * as MISSED. `fire-once`: the latest one within the window is made up for. `catch-up`: all within the window, at most `limit`, the
 * latest ones, oldest first and one at a time. Whatever is left out is recorded as MISSED, with the reason.
 */
export type Misfire = 'skip' | 'fire-once' | FireOnce | CatchUp

export interface FireOnce {
  readonly rule: 'fire-once'
  /** @default '1h' */
  readonly window?: Duration
}

export interface CatchUp {
  readonly rule: 'catch-up'
  readonly window: Duration
  /** @default 100 */
  readonly limit?: number
}

export const RECOVERIES = ['restart', 'leave'] as const

/** What a schedule's `parameters` are made from. */
export interface SlotScope {
  /** The instant for which it is due. It is the same whenever the run begins, and however often it is tried. */
  readonly slot: Date
  readonly timezone: string
  /** The slot's day in the schedule's zone as `2026-11-21`, or one so many days later; -1 is the day before. */
  readonly localDate: (days?: number) => string
}

export interface ScheduleOptions<P extends z.ZodObject, S extends Steps> {
  /** Unique; at most 100 characters. The ledger goes by it: another name is another schedule. */
  readonly name: string
  readonly job: JobDefinition<P, S>
  /** Five fields, or six with seconds first: `30 2 * * *`. */
  readonly cron: string
  /** `UTC`, `Europe/Berlin`: whose clock the expression is read by. */
  readonly timezone: string
  /**
   * The job's parameters for a slot. Always the same for the same slot, and for each slot another instance: checked at load. Nothing
   * is added behind your back.
   */
  readonly parameters: (scope: SlotScope) => z.input<NoInfer<P>>
  /** @default 'skip' */
  readonly overlap?: Overlap
  /** @default 'skip' */
  readonly misfire?: Misfire
  /** Each slot is fired so much later, up to this: always as much for a schedule's name. @default none */
  readonly jitter?: Duration
  /**
   * What becomes of a run whose process died, or that the scheduler has stopped because it was itself told to end: another
   * scheduler, or this one when it is back, restarts it, at most three times in a row; or it stays FAILED or STOPPED.
   * @default 'restart'
   */
  readonly onRecovered?: (typeof RECOVERIES)[number]
  /**
   * For runs that build on each other: where the run of the slot before has FAILED, and was not restarted to a better end, the
   * schedule is paused instead of fired, until a person resumes it. @default false
   */
  readonly pauseOnFailure?: boolean
}

export interface ScheduleDefinition {
  readonly kind: 'schedule'
  readonly name: string
  readonly job: JobDefinition
  readonly cron: string
  readonly timezone: string
  readonly parameters: (scope: SlotScope) => Readonly<Record<string, unknown>>
  readonly overlap: Overlap
  readonly misfire: Misfire
  readonly jitter: Duration
  readonly onRecovered: (typeof RECOVERIES)[number]
  readonly pauseOnFailure: boolean
  /** That were given, and mean nothing: reported at load. */
  readonly unknownOptions: readonly string[]
}

export const SCHEDULE_OPTIONS: readonly (keyof ScheduleOptions<z.ZodObject, Steps>)[] = [
  'name',
  'job',
  'cron',
  'timezone',
  'parameters',
  'overlap',
  'misfire',
  'jitter',
  'onRecovered',
  'pauseOnFailure',
]

/** Declares a schedule. Nothing is checked beyond types: `checkSchedules` finds what the compiler cannot. */
export function defineSchedule<P extends z.ZodObject, S extends Steps>(
  schedule: ScheduleOptions<P, S>,
): ScheduleDefinition {
  const { name, job, cron, timezone, parameters } = schedule
  const known: readonly string[] = SCHEDULE_OPTIONS
  return {
    kind: 'schedule',
    name,
    job,
    cron,
    timezone,
    parameters: parameters as ScheduleDefinition['parameters'],
    overlap: schedule.overlap ?? 'skip',
    misfire: schedule.misfire ?? 'skip',
    jitter: schedule.jitter ?? '0s',
    onRecovered: schedule.onRecovered ?? 'restart',
    pauseOnFailure: schedule.pauseOnFailure ?? false,
    unknownOptions: Object.keys(schedule).filter((key) => !known.includes(key)),
  }
}
