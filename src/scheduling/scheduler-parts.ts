/** What the parts of a scheduler work with. */
import type { Clock } from '../core/ports/clock.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Fired } from '../core/operator/fire-operations.ts'
import type { JobOperator } from '../core/operator/job-operator.ts'
import type { StrayErrors } from '../process/stray-errors.ts'
import type { CronSlots } from './cron-slots.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import type { RunningJobs } from './running-jobs.ts'

export interface SchedulerParts {
  readonly operator: JobOperator
  readonly repository: JobRepository
  readonly logger: Logger
  readonly clock: Clock
  /** Who we are, for rows that no launch writes. */
  readonly by: string
  readonly schedules: readonly PlannedSchedule[]
  readonly running: RunningJobs
  /** Ids of executions that this process has found to be left as they are: it does not look at them again before it is started anew. */
  readonly settled: Set<string>
  /** Aborted when the scheduler is to end: nothing is fired any more. */
  readonly draining: AbortSignal
  readonly observer: SchedulerObserver
  readonly strayErrors: StrayErrors | undefined
}

export interface PlannedSchedule extends ScheduleDefinition {
  readonly slots: CronSlots
  /** How much later than its slot each is fired. */
  readonly delayMilliseconds: number
}

/** Told of what this process does, for people who watch. What it throws is logged. */
export interface SchedulerObserver {
  readonly fired?: (schedule: string, slot: Date, fired: Fired) => void
  /** Rows were written without a fire: for slots of a pause, and for those that nobody fired in time. */
  readonly recorded?: (
    schedule: string,
    slots: readonly Date[],
    outcome: 'PAUSED' | 'MISSED' | 'QUEUED',
  ) => void
  readonly missed?: (schedule: string, slots: readonly Date[], detail: string) => void
  readonly repositoryLost?: (error: unknown) => void
  readonly repositoryBack?: () => void
}

/** The names of all that it may be told of. */
export const SCHEDULER_EVENTS: readonly (keyof SchedulerObserver)[] = Object.keys({
  fired: true,
  recorded: true,
  missed: true,
  repositoryLost: true,
  repositoryBack: true,
} satisfies Record<keyof SchedulerObserver, true>) as (keyof SchedulerObserver)[]
