/** Runs whose process died: restarted, or closed as FAILED, as their schedule says. */
import { isBatchError } from '../core/model/batch-error.ts'
import type { JobExecutionSummary } from '../core/model/job-execution.ts'
import type { ScheduleFire } from '../core/model/schedule-fire.ts'
import { keepRunning } from './fire-schedule.ts'
import type { PlannedSchedule, SchedulerParts } from './scheduler-parts.ts'

/** A job that takes its process with it must not do so for ever. */
const RESTARTS = 3

/** Those that no schedule has launched are closed as FAILED. Any number of processes may do it at once. */
export async function recoverRuns(parts: SchedulerParts): Promise<void> {
  for (const execution of await parts.operator.listStale()) {
    const fire = await parts.repository.schedules.findFireOfInstance(execution.jobInstance.id)
    const schedule = parts.schedules.find(({ name }) => name === fire?.schedule)
    await unlessSettled(async () => {
      // Whoever asked it to stop did not mean it to go on.
      const isWanted = execution.status !== 'STOPPING' && schedule?.onRecovered === 'restart'
      if (fire !== undefined && isWanted && (await mayRestart(parts, execution)))
        await restart(parts, execution, schedule, fire)
      else await parts.operator.recover(execution.id)
    })
  }
}

async function restart(
  parts: SchedulerParts,
  execution: JobExecutionSummary,
  schedule: PlannedSchedule,
  fire: ScheduleFire,
): Promise<void> {
  const { operator, logger } = parts
  const { name } = schedule
  const at = fire.slot.toISOString()
  try {
    const started = await operator.restart(execution.id, {
      by: `schedule ${name} ${at}, after its process died`,
      trigger: { type: 'schedule', name },
      runner: 'scheduler',
    })
    logger.warn(
      { schedule: name, slot: at, job: schedule.job.name, execution: started.execution.id },
      `execution ${started.execution.id} continues ${execution.id}, whose process has died`,
    )
    keepRunning(parts, schedule, fire, started)
  } catch (error) {
    if (!isRefusal(error)) throw error
    await operator.recover(execution.id)
    logger.error(
      { err: error, schedule: name, slot: at, job: schedule.job.name, execution: execution.id },
      `execution ${execution.id} is not restarted`,
    )
  }
}

async function mayRestart(
  { operator, logger }: SchedulerParts,
  execution: JobExecutionSummary,
): Promise<boolean> {
  const { jobInstance, id } = execution
  const attempts = await operator.listJobExecutions({ jobInstanceId: jobInstance.id, limit: RESTARTS + 1 })
  if (attempts.length <= RESTARTS) return true
  logger.error(
    { job: jobInstance.jobName, execution: id, attempts: attempts.length },
    `execution ${id} is not restarted: its instance was begun ${attempts.length} times; see what ends its process`,
  )
  return false
}

/** Another process was faster, or its owner is alive after all. */
async function unlessSettled(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const settled = [
      'JOB_EXECUTION_ALREADY_RUNNING',
      'JOB_EXECUTION_STILL_RUNNING',
      'JOB_INSTANCE_ALREADY_COMPLETE',
    ]
    if (!isBatchError(error) || !settled.includes(error.code)) throw error
  }
}

function isRefusal(error: unknown): boolean {
  const codes = ['JOB_RESTART_REFUSED', 'JOB_DEFINITION_CHANGED', 'INVALID_JOB_PARAMETERS', 'NO_SUCH_JOB']
  return isBatchError(error) && codes.includes(error.code)
}
