/** What is said of a key of a launch that cannot be used. */
import { BatchError } from './batch-error.ts'
import type { JobExecution } from './job-execution.ts'

export const LAUNCH_KEY_LIMIT = 200

export function keyReused(key: string, { id, jobInstance }: JobExecution): BatchError {
  return new BatchError(
    'IDEMPOTENCY_KEY_REUSED',
    `The idempotency key ${JSON.stringify(key)} was used before, for another request: it launched execution ${id} of job ` +
      `${jobInstance.jobName}. Nothing was started. Take a new key for each launch, and the same one only to ask for it again.`,
    { details: { key, jobExecutionId: id, jobName: jobInstance.jobName } },
  )
}
