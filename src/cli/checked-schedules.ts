/** The project's schedules, checked before anything is opened. */
import type { AnyJob, Batch } from '../create-batch.ts'
import { checkSchedules } from '../scheduling/check-schedules.ts'
import type { ScheduleDefinition } from '../scheduling/define-schedule.ts'
import { type ScheduleOperations, scheduleOperations } from '../scheduling/schedule-operations.ts'
import { createJobRegistry } from '../core/operator/job-registry.ts'
import { systemClock } from '../process/system-clock.ts'
import { type CommandContext, projectOf } from './command-context.ts'
import type { Project } from './find-project.ts'
import { withBatch } from './open-batch.ts'

export interface CheckedSchedules {
  readonly project: Project
  readonly jobs: readonly AnyJob[]
  readonly schedules: readonly ScheduleDefinition[]
}

/** @throws BatchError INVALID_CONFIGURATION, INVALID_JOB_DEFINITION, INVALID_SCHEDULE */
export async function checkedSchedules(context: CommandContext): Promise<CheckedSchedules> {
  const project = await projectOf(context)
  const { jobs } = createJobRegistry(await project.jobs())
  const schedules = await project.schedules()
  await checkSchedules(schedules, jobs, new Date())
  return { project, jobs, schedules }
}

/** Does the work with an open repository. */
export async function withSchedules<T>(
  context: CommandContext,
  work: (operations: ScheduleOperations, batch: Batch, checked: CheckedSchedules) => Promise<T>,
): Promise<T> {
  const checked = await checkedSchedules(context)
  const { project, jobs, schedules } = checked
  return withBatch(context, project, jobs, (batch) =>
    work(scheduleOperations(batch, schedules, systemClock), batch, checked),
  )
}
