/** Whether the owner of an execution can be taken for dead, and what is refused where it is. */
import { BatchError } from '../model/batch-error.ts'
import { describeOwner, type ExecutionOwner, type OwnerIdentity } from '../model/execution-owner.ts'
import type { JobExecution } from '../model/job-execution.ts'

/** Whether a process of this host still lives; `unknown` where only the lease can tell. */
export type ProcessState = (owner: OwnerIdentity) => 'alive' | 'dead' | 'unknown'

/**
 * Why, in words; undefined while it lives. A process of this host that is gone is dead at once, whatever its lease says;
 * any other when its lease has run out.
 */
export function deathOf(processState: ProcessState, owner: ExecutionOwner): string | undefined {
  if (processState(owner) === 'dead') return `its process (${describeOwner(owner)}) is gone`
  if (!owner.leaseExpired) return undefined
  return `its lease ran out at ${owner.leaseExpiresAt.toISOString()} (${describeOwner(owner)})`
}

/** Of an execution that is live by its status. */
export function ownerDied({ id, jobInstance, status }: JobExecution, death: string): BatchError {
  return new BatchError(
    'JOB_EXECUTION_NOT_RUNNING',
    `Execution ${id} of job ${jobInstance.jobName} is ${status}, but nobody runs it: ${death}. ` +
      `Recover it (batchwright recover ${id}); then it can be restarted or abandoned.`,
    { details: { jobExecutionId: id, jobName: jobInstance.jobName, status } },
  )
}
