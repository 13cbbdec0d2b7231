/** Fires schedules in this process, beside any number of other processes that fire the same ones. */
import type { JobOperator } from '../core/operator/job-operator.ts'
import { guardObserver } from '../core/operator/guard-observer.ts'
import { isBatchError } from '../core/model/batch-error.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Logger } from '../core/ports/logger.ts'
import { processIdentity, processRequester } from '../process/process-identity.ts'
import type { StrayErrors } from '../process/stray-errors.ts'
import { systemClock } from '../process/system-clock.ts'
import { checkSchedules } from './check-schedules.ts'
import { clockChangeWarnings } from './clock-change-warnings.ts'
import { continueRuns } from './continue-runs.ts'
import { coverSlots } from './cover-slots.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import { fireAndRun } from './fire-schedule.ts'
import { planSchedule } from './plan-schedule.ts'
import { listQueued, promoteQueued } from './promote-queued.ts'
import { runningJobs } from './running-jobs.ts'
import {
  type PlannedSchedule,
  SCHEDULER_EVENTS,
  type SchedulerObserver,
  type SchedulerParts,
} from './scheduler-parts.ts'
import { startTicks } from './ticks.ts'

export interface Scheduler extends AsyncDisposable {
  /**
   * Nothing is fired from here on; runs of this process finish their open chunk, within the grace if there is one, and end as
   * STOPPED. Resolves when all have ended. Asking again waits too.
   */
  readonly drain: (reason: string, grace?: { readonly graceMilliseconds: number }) => Promise<void>
  /** Gives up the runs of this process: their open chunks are rolled back, they end as FAILED. */
  readonly abort: (reason: string) => void
  /** How many runs are under way in this process. */
  readonly running: () => number
}

/** What a batch has of it. */
export interface SchedulingBatch {
  readonly operator: JobOperator
  readonly repository: JobRepository
  readonly logger: Logger
}

export interface SchedulerOptions {
  readonly observer?: SchedulerObserver
  /** How often it looks after slots that were passed over, that wait, and runs whose process died. @default 1000 */
  readonly everyMilliseconds?: number
  /** For tests. Ticks come by the machine's clock all the same. @default the machine's */
  readonly clock?: Clock
  /**
   * A watch on errors that nobody handles: one that comes from a run's code ends that run as FAILED, and no other. Left out, such
   * an error is the process's own affair.
   */
  readonly strayErrors?: StrayErrors
  /** For the ledger. @default user, host and pid of this process */
  readonly by?: string
}

const TURN_MILLISECONDS = 1000

/**
 * Checks the schedules, makes them known to the repository, deals with the slots that were missed while nobody was there, and
 * fires from then on. While the database is away nothing is fired; when it is back, what was missed is dealt with by the misfire
 * rules.
 * @throws BatchError INVALID_SCHEDULE, REPOSITORY_UNAVAILABLE
 */
export async function createScheduler(
  batch: SchedulingBatch,
  schedules: readonly ScheduleDefinition[],
  options: SchedulerOptions = {},
): Promise<Scheduler> {
  const { operator, repository, logger } = batch
  const { clock = systemClock, everyMilliseconds = TURN_MILLISECONDS } = options
  await checkSchedules(schedules, operator.jobs, clock.now())
  for (const schedule of schedules)
    for (const warning of clockChangeWarnings(schedule, clock.now())) logger.warn(warning)
  const draining = new AbortController()
  const parts: SchedulerParts = {
    operator,
    repository,
    logger,
    clock,
    by: options.by ?? processRequester(processIdentity()),
    schedules: schedules.map(planSchedule),
    running: runningJobs(logger),
    settled: new Set(),
    observer: guardObserver<SchedulerObserver>(options.observer ?? {}, SCHEDULER_EVENTS, logger),
    draining: draining.signal,
    strayErrors: options.strayErrors,
  }
  await lookAfter(parts)
  const work = keepFiring(parts, everyMilliseconds)
  let ending: Promise<void> | undefined
  const drain: Scheduler['drain'] = (reason, grace) => {
    draining.abort(new Error(reason))
    parts.running.end(reason, grace)
    return (ending ??= work.then(() => {
      // What was under way when the drain began may have started a run since.
      parts.running.end(reason, grace)
      return parts.running.allEnded()
    }))
  }
  return {
    drain,
    abort: parts.running.abort,
    running: parts.running.size,
    [Symbol.asyncDispose]: () => drain('the scheduler was closed'),
  }
}

/** Resolves when the drain has begun, and nothing that fires is under way any more. */
async function keepFiring(parts: SchedulerParts, everyMilliseconds: number): Promise<void> {
  const { clock, draining, schedules, logger, observer } = parts
  const reach = { isLost: false }
  const firing = new Set<Promise<void>>()
  const lost = (error: unknown): void => {
    if (!isBatchError(error, 'REPOSITORY_UNAVAILABLE'))
      return logger.error({ err: error }, 'the scheduler has met an error; it goes on')
    if (!reach.isLost) {
      logger.error({ err: error }, 'the repository is away: nothing is fired until it is back')
      observer.repositoryLost?.(error)
    }
    reach.isLost = true
  }
  const onSlot = (schedule: PlannedSchedule, slot: Date): void => {
    if (reach.isLost || draining.aborted || !schedule.slots.isSlot(slot)) return
    const one: Promise<void> = fireInTime(parts, schedule, slot)
      .catch(lost)
      .finally(() => firing.delete(one))
    firing.add(one)
  }
  {
    using _ticks = startTicks(schedules, logger, onSlot)
    while (!draining.aborted) {
      await clock.sleep(everyMilliseconds, draining).catch(() => undefined)
      if (draining.aborted) break
      try {
        await lookAfter(parts)
        if (reach.isLost) {
          reach.isLost = false
          logger.warn('the repository is back')
          observer.repositoryBack?.()
        }
      } catch (error) {
        lost(error)
      }
    }
  }
  await Promise.all(firing)
}

/** All that is not done by ticks. */
async function lookAfter(parts: SchedulerParts): Promise<void> {
  const { repository, schedules, clock, draining } = parts
  const names = schedules.map(({ name }) => name)
  const states = await repository.schedules.register(names, clock.now())
  await continueRuns(parts)
  for (const schedule of schedules) {
    const state = states.find((one) => one.schedule === schedule.name)
    if (draining.aborted) return
    if (state !== undefined) await alone(parts, schedule, () => coverSlots(parts, schedule, state))
  }
  const queued = await listQueued(parts)
  for (const schedule of schedules) {
    if (draining.aborted) return
    await alone(parts, schedule, () => promoteQueued(parts, schedule, queued))
  }
}

/** What goes wrong with one schedule must not keep the others from being fired. @throws REPOSITORY_UNAVAILABLE */
async function alone(
  { logger }: SchedulerParts,
  { name }: PlannedSchedule,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (isBatchError(error, 'REPOSITORY_UNAVAILABLE')) throw error
    logger.error({ err: error, schedule: name }, `schedule ${name} has met an error; it is tried again`)
  }
}

async function fireInTime(parts: SchedulerParts, schedule: PlannedSchedule, slot: Date): Promise<void> {
  const { clock, draining } = parts
  if (schedule.delayMilliseconds > 0)
    await clock.sleep(schedule.delayMilliseconds, draining).catch(() => undefined)
  if (!draining.aborted) await fireAndRun(parts, schedule, slot, 'due')
}
