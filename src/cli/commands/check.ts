/** `batchwright check [job]` */
import type { AnyJob } from '../../create-batch.ts'
import type { ScheduleDefinition } from '../../scheduling/define-schedule.ts'
import { findFaults, refuseUnknownJob } from '../../core/operator/job-registry.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'
import { webhookJobFaults } from '../../webhooks/webhook-endpoint.ts'

const FAULTY = 2

/** Nothing is opened and nothing runs. 0 when there is nothing to report, else 2. */
export async function check(context: CommandContext, jobName: string | undefined): Promise<number> {
  const { output } = context
  const project = await projectOf(context)
  const all = await project.jobs()
  const jobs = jobName === undefined ? all : all.filter(({ name }) => name === jobName)
  const names = all.map(({ name }) => name)
  if (jobName !== undefined && jobs.length === 0) refuseUnknownJob(jobName, names)
  const ofJobs = findFaults(jobs)
  const schedules = jobName === undefined ? await project.schedules() : []
  const ofWebhooks = jobName === undefined ? webhookJobFaults(project.config.webhooks ?? [], names) : []
  const ofSchedules = schedules.length === 0 ? [] : await faultsOf(schedules, all)
  const faults = [...ofJobs, ...ofSchedules, ...ofWebhooks]
  if (output.json) output.result(jsonLine({ jobs: jobs.map(({ name }) => name), faults }))
  else if (faults.length === 0) output.result(`nothing to report of ${jobName ?? names.join(', ')}`)
  else for (const fault of faults) output.result(fault)
  return faults.length === 0 ? 0 : FAULTY
}

async function faultsOf(
  schedules: readonly ScheduleDefinition[],
  jobs: readonly AnyJob[],
): Promise<readonly string[]> {
  const { scheduleFaults } = await import('../../scheduling/check-schedules.ts')
  return scheduleFaults(schedules, jobs, new Date())
}
