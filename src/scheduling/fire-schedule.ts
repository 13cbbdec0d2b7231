/** One slot of a schedule: fired, and its run watched to its end. */
import type { Fired, FireOrder } from '../core/operator/fire-operations.ts'
import type { StartedJob, StartOptions } from '../core/operator/started-job.ts'
import type { FireOutcome, ScheduleFire } from '../core/model/schedule-fire.ts'
import type { JobExecutionSummary } from '../core/model/job-execution.ts'
import { isBatchError } from '../core/model/batch-error.ts'
import { LIVE_STATUSES } from '../core/model/batch-status.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import { decideOverlap, type Occasion } from './overlap-decision.ts'
import { launchRun } from './launch-run.ts'
import type { PlannedSchedule, SchedulerParts } from './scheduler-parts.ts'
import { slotValues } from './slot-parameters.ts'
import type { JobOperator } from '../core/operator/job-operator.ts'

const RUNNER: StartOptions = { runner: 'scheduler' }

export interface Firing {
  readonly occasion: Occasion
  readonly replaces: readonly FireOutcome[]
  /** Of a backfill that is under way. */
  readonly maxActive?: number
}

export function fireSlot(
  operator: JobOperator,
  schedule: ScheduleDefinition,
  slot: Date,
  { occasion, ...taking }: Firing,
  options?: StartOptions,
): Promise<Fired> {
  return operator.fire(schedule.job, { ...orderOf(schedule, slot, occasion), ...taking }, options)
}

function orderOf(schedule: ScheduleDefinition, slot: Date, occasion: Occasion): FireOrder {
  return {
    schedule: schedule.name,
    slot,
    parameters: () => slotValues(schedule, slot),
    decide: (ground) => decideOverlap(schedule, occasion, ground),
  }
}

/** For the scheduler: the run goes on in this process. */
export async function fireAndRun(
  parts: SchedulerParts,
  schedule: PlannedSchedule,
  slot: Date,
  occasion: 'due' | 'queued' | 'backfill',
): Promise<Fired> {
  const replaces: readonly FireOutcome[] = occasion === 'due' ? [] : ['QUEUED']
  const fire = () => fireSlot(parts.operator, schedule, slot, { occasion, replaces }, RUNNER)
  const fired = await launchRun(parts, fire, startedOf)
  if (fired.outcome === 'FIRED') keepRunning(parts, schedule, slot, fired)
  else if (fired.outcome !== 'taken' && fired.outcome !== 'left')
    parts.observer.fired?.(schedule.name, slot, fired)
  const waits = fired.outcome === 'QUEUED' || (fired.outcome === 'left' && fired.error === undefined)
  if (waits && occasion !== 'backfill') await makeRoom(parts, schedule, slot)
  return fired
}

/**
 * Goes on with the run of a slot that was interrupted, as soon as the job is free. Undefined while it is not.
 * @throws the refusal
 */
export async function continueFire(
  parts: SchedulerParts,
  schedule: PlannedSchedule,
  { slot }: Pick<ScheduleFire, 'slot'>,
  interrupted: JobExecutionSummary,
): Promise<StartedJob | undefined> {
  const order = { ...orderOf(schedule, slot, 'queued'), continues: interrupted }
  const fired = await launchRun(parts, () => parts.operator.fire(schedule.job, order, RUNNER), startedOf)
  if (fired.outcome === 'FIRED') return keepRunning(parts, schedule, slot, fired)
  if (fired.outcome === 'left' && fired.error !== undefined) throw fired.error
  if (fired.outcome === 'left') await makeRoom(parts, schedule, slot)
  return undefined
}

function startedOf(fired: Fired): StartedJob | undefined {
  return fired.outcome === 'FIRED' ? fired.started : undefined
}

function keepRunning(
  { running, observer }: SchedulerParts,
  { name, onRecovered }: PlannedSchedule,
  slot: Date,
  fired: Extract<Fired, { readonly outcome: 'FIRED' }>,
): StartedJob {
  running.add(fired.started, onRecovered)
  observer.fired?.(name, slot, fired)
  return fired.started
}

/** For a slot that waits with `stop-previous`: asks the live executions to stop, but for those of later slots. */
async function makeRoom(
  { operator, repository, logger }: SchedulerParts,
  { name, overlap, job }: PlannedSchedule,
  slot: Date,
): Promise<void> {
  if (overlap !== 'stop-previous') return
  const live = await operator.listJobExecutions({ jobName: job.name, statuses: LIVE_STATUSES, limit: 100 })
  for (const { id, status, jobInstance } of live) {
    if (status === 'STOPPING') continue
    const fire = await repository.schedules.findFireOfInstance(jobInstance.id)
    if (fire?.schedule === name && fire.slot > slot) continue
    try {
      await operator.stop(id, { by: `schedule ${name} ${slot.toISOString()}` })
    } catch (error) {
      // It has ended meanwhile, or its owner is dead, which recovery finds out.
      if (!isBatchError(error, 'JOB_EXECUTION_NOT_RUNNING')) throw error
      logger.debug({ err: error, job: job.name, execution: id }, 'nobody to stop')
    }
  }
}
