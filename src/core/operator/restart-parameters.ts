/** The parameters of a restart: those that were recorded, of which the ones that do not identify the instance may change. */
import type { JobDefinition } from '../definition/define-job.ts'
import type { ParsedParameters } from '../definition/parse-parameters.ts'
import { parseRecordedParameters } from '../definition/recorded-parameters.ts'
import { BatchError } from '../model/batch-error.ts'
import type { JobExecutionSummary } from '../model/job-execution.ts'
import { jobKey } from '../model/job-key.ts'

/** @throws BatchError INVALID_JOB_PARAMETERS naming what would name another instance; JOB_RESTART_REFUSED */
export async function restartParameters(
  job: JobDefinition,
  execution: JobExecutionSummary,
  changes: Readonly<Record<string, string>>,
): Promise<ParsedParameters> {
  const parsed = await parseRecordedParameters(job.name, job.parameters, execution.jobParameters, {
    texts: changes,
  })
  const faults = identifyingChanges(execution, parsed, Object.keys(changes))
  if (faults.length > 0) throw wouldBeAnother(job, execution, faults)
  if (jobKey(parsed.recorded) === execution.jobInstance.jobKey) return parsed
  // A changed schema may parse the recorded parameters into another instance; that would be a start, not a restart.
  throw new BatchError(
    'JOB_RESTART_REFUSED',
    `Execution ${execution.id} cannot be restarted: the parameters of job ${job.name} have changed, and what was recorded ` +
      'now names another instance. Restore the schema, or start the job with its parameters.',
    { details: { jobExecutionId: execution.id, jobName: job.name } },
  )
}

function identifyingChanges(
  { jobParameters }: JobExecutionSummary,
  { recorded }: ParsedParameters,
  changed: readonly string[],
): readonly string[] {
  return changed.flatMap((name) => {
    const before = jobParameters.find((one) => one.name === name)
    const after = recorded.find((one) => one.name === name)
    const identifies = before?.identifying === true || after?.identifying === true
    if (!identifies || before?.text === after?.text) return []
    return [`${name}: ${before?.text ?? 'not given'} cannot become ${after?.text ?? 'not given'}`]
  })
}

function wouldBeAnother(
  job: JobDefinition,
  { id }: JobExecutionSummary,
  faults: readonly string[],
): BatchError {
  return new BatchError(
    'INVALID_JOB_PARAMETERS',
    `A restart of execution ${id} is of the same instance, so identifying parameters cannot change; nothing was started.` +
      `${faults.map((fault) => `\n  ${fault}`).join('')}\nTo run another instance: batchwright run ${job.name}`,
    { details: { jobExecutionId: id, jobName: job.name, faults } },
  )
}
