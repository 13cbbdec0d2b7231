/** `batchwright check [job]` */
import { findFaults, refuseUnknownJob } from '../../core/operator/job-registry.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../json-output.ts'

const FAULTY = 2

/** Nothing is opened and nothing runs. 0 when there is nothing to report, else 2. */
export async function check(context: CommandContext, jobName: string | undefined): Promise<number> {
  const { output } = context
  const all = await (await projectOf(context)).jobs()
  const jobs = jobName === undefined ? all : all.filter(({ name }) => name === jobName)
  const names = all.map(({ name }) => name)
  if (jobName !== undefined && jobs.length === 0) refuseUnknownJob(jobName, names)
  const faults = findFaults(jobs)
  if (output.json) output.result(jsonLine({ jobs: jobs.map(({ name }) => name), faults }))
  else if (faults.length === 0) output.result(`nothing to report of ${jobName ?? names.join(', ')}`)
  else for (const fault of faults) output.result(fault)
  return faults.length === 0 ? 0 : FAULTY
}
