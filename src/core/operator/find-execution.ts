/** An execution by its id, or a clear refusal. */
import { BatchError } from '../model/batch-error.ts'
import type { JobExecutionDetails } from '../model/job-execution.ts'
import { isRecordId } from '../model/record-id.ts'
import type { JobRepository } from '../ports/job-repository.ts'

/** @throws BatchError NO_SUCH_JOB_EXECUTION */
export async function findExecution(
  repository: JobRepository,
  jobExecutionId: string,
): Promise<JobExecutionDetails> {
  const found = isRecordId(jobExecutionId) ? await repository.findJobExecution(jobExecutionId) : undefined
  if (found === undefined) throw noSuchExecution(repository, jobExecutionId)
  return found
}

export function noSuchExecution(repository: JobRepository, jobExecutionId: string): BatchError {
  return new BatchError(
    'NO_SUCH_JOB_EXECUTION',
    `There is no job execution ${jobExecutionId} in ${repository.description}. batchwright list shows those that there are.`,
    { details: { jobExecutionId } },
  )
}
