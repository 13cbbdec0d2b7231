/** What a step's session throws when it cannot go on, with what is known of its last chunk. */
import { BatchError } from '../../core/model/batch-error.ts'
import type { StepExecution } from '../../core/model/step-execution.ts'
import type { LossOutcome } from './postgres-errors.ts'
import type { RepositoryAddress } from './repository-options.ts'
import type { StepAt } from './step-statements.ts'

type Step = Pick<StepExecution, 'id' | 'stepName'>

export function failedBehindCommit({ id, stepName }: Step, cause: unknown): BatchError {
  return new BatchError(
    'WRITE_FAILED',
    `the pipelined writer of step '${stepName}' failed when its chunk was committed already; ` +
      'what it wrote stands, and a restart resumes behind it',
    { details: { stepExecutionId: id, outcome: 'committed' }, cause },
  )
}

export function connectionLost(
  { server }: RepositoryAddress,
  doing: string,
  outcome: Exclude<LossOutcome, 'read'>,
  cause: unknown,
): BatchError {
  return new BatchError(
    'REPOSITORY_UNAVAILABLE',
    `the connection to the job repository at postgres ${server} was lost while ${doing}, and no other could be had; ` +
      (outcome === 'unknown'
        ? 'the outcome of what was sent last is unknown, and a restart resumes behind whatever was committed'
        : 'nothing of it was committed, and a restart begins with it'),
    { details: { server, outcome }, cause },
  )
}

export function changedElsewhere({ stepName }: Step, at: StepAt, difference: string): BatchError {
  return new BatchError(
    'OPTIMISTIC_LOCK_FAILED',
    `step execution ${at.stepExecutionId} ('${stepName}') was changed by somebody else while its connection was lost: ${difference}; ` +
      'this process must not go on with it',
    { details: { ...at } },
  )
}

export function overtaken({ id, stepName }: Step): BatchError {
  return new BatchError(
    'OPTIMISTIC_LOCK_FAILED',
    `step '${stepName}' cannot go on: its last chunk was committed although that was reported as ` +
      'failed; restart it, and it resumes behind that chunk',
    { details: { stepExecutionId: id } },
  )
}
