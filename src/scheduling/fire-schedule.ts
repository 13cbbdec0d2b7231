/** One slot of a schedule: fired, and its run watched to its end. */
import type { Fired } from '../core/operator/fire-operations.ts'
import type { StartedJob, StartOptions } from '../core/operator/started-job.ts'
import type { FireOutcome, ScheduleFire } from '../core/model/schedule-fire.ts'
import { isBatchError } from '../core/model/batch-error.ts'
import { LIVE_STATUSES } from '../core/model/batch-status.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import { decideOverlap, type Occasion } from './overlap-decision.ts'
import type { PlannedSchedule, SchedulerParts } from './scheduler-parts.ts'
import { slotScope } from './slot-parameters.ts'
import type { JobOperator } from '../core/operator/job-operator.ts'

const RUNNER: StartOptions = { runner: 'scheduler' }

export interface Firing {
  readonly occasion: Occasion
  readonly replaces: readonly FireOutcome[]
}

export function fireSlot(
  operator: JobOperator,
  schedule: ScheduleDefinition,
  slot: Date,
  { occasion, replaces }: Firing,
  options?: StartOptions,
): Promise<Fired> {
  return operator.fire(
    schedule.job,
    {
      schedule: schedule.name,
      slot,
      parameters: () => schedule.parameters(slotScope(schedule, slot)),
      replaces,
      decide: (ground) => decideOverlap(schedule, occasion, ground),
    },
    options,
  )
}

/** For the scheduler: the run goes on in this process. */
export async function fireAndRun(
  parts: SchedulerParts,
  schedule: PlannedSchedule,
  slot: Date,
  occasion: 'due' | 'queued',
): Promise<Fired> {
  const replaces: readonly FireOutcome[] = occasion === 'queued' ? ['QUEUED'] : []
  const fired = await fireSlot(parts.operator, schedule, slot, { occasion, replaces }, RUNNER)
  if (fired.outcome === 'FIRED') {
    const { started } = fired
    keepRunning(parts, schedule, { slot, jobExecutionId: started.execution.id }, started)
  }
  if (fired.outcome === 'QUEUED' || fired.outcome === 'left') await makeRoom(parts, schedule, slot)
  if (fired.outcome !== 'taken' && fired.outcome !== 'left')
    parts.observer.fired?.(schedule.name, slot, fired)
  return fired
}

/** Where the scheduler has stopped it because it was itself told to end, the slot waits for the next one to continue it. */
export function keepRunning(
  { running, repository, draining }: SchedulerParts,
  { name, onRecovered }: PlannedSchedule,
  { slot, jobExecutionId }: Pick<ScheduleFire, 'slot' | 'jobExecutionId'>,
  started: StartedJob,
): void {
  running.add(started, async (status) => {
    if (status !== 'STOPPED' || !draining.aborted || onRecovered !== 'restart') return
    if (jobExecutionId === null) return
    const detail = `execution ${started.execution.id} was stopped because the scheduler ended; it is continued by the next`
    await repository.schedules.requeue({ schedule: name, slot, jobExecutionId }, detail)
  })
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
