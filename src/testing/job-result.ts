/** What a test wants to know of a job execution. */
import { AssertionError } from 'node:assert'
import type { Steps } from '../core/definition/define-job.ts'
import type { RunOutcome } from '../core/engine/run-outcome.ts'
import type { BatchStatus } from '../core/model/batch-status.ts'
import { describeError } from '../core/model/error-description.ts'
import type { ExecutionContext, StoredContext } from '../core/model/execution-context.ts'
import type { JobExecutionDetails } from '../core/model/job-execution.ts'
import type { StepExecution } from '../core/model/step-execution.ts'

export interface JobResult<S extends Steps> {
  readonly status: BatchStatus
  readonly exitCode: string
  /** What made it fail: the error itself. Undefined when nothing did. */
  readonly error: unknown
  /** As the repository has recorded it, with its step executions. */
  readonly execution: JobExecutionDetails
  /** The job's ExecutionContext at its end. */
  readonly context: ExecutionContext
  /** @throws AssertionError when this execution has not run the step, saying what it did instead */
  readonly step: (name: keyof S & string) => StepResult
  /** Itself, so that it can be asserted at once. @throws AssertionError with the reason, in words and as its cause */
  readonly completed: () => JobResult<S>
}

/** Counts, status and exit status, with the step's ExecutionContext in reach. */
export type StepResult = StepExecution & {
  /** The author's values, and the framework's own, whose keys begin with `batchwright.` */
  readonly context: ExecutionContext
}

export function jobResult<S extends Steps>(
  execution: JobExecutionDetails,
  { error }: Pick<RunOutcome, 'error'>,
): JobResult<S> {
  const result: JobResult<S> = {
    status: execution.status,
    exitCode: execution.exitStatus.exitCode,
    error,
    execution,
    context: valuesOf(execution.executionContext),
    step: (name) => {
      const found = execution.stepExecutions.findLast(({ stepName }) => stepName === name)
      if (found === undefined) throw notRun(name, execution, error)
      return { ...found, context: valuesOf(found.executionContext) }
    },
    completed: () => {
      if (execution.status !== 'COMPLETED') throw notCompleted(execution, error)
      return result
    },
  }
  return result
}

function valuesOf(context: StoredContext): ExecutionContext {
  return context.kind === 'readable' ? context.values : {}
}

function notRun(name: string, execution: JobExecutionDetails, error: unknown): AssertionError {
  const ran = execution.stepExecutions.map(({ stepName, status }) => `${stepName} ${status}`)
  return failure(
    `step ${name} was not run: ${describeEnd(execution)}, after ${ran.join(', ') || 'no step'}${because(error)}`,
    error,
  )
}

function notCompleted(execution: JobExecutionDetails, error: unknown): AssertionError {
  return failure(`${describeEnd(execution)}${because(error)}`, error)
}

function describeEnd({ jobInstance, status, exitStatus }: JobExecutionDetails): string {
  return `job ${jobInstance.jobName} ended ${status}${exitStatus.exitCode === status ? '' : ` (${exitStatus.exitCode})`}`
}

function because(error: unknown): string {
  return error === undefined ? '' : `\n${describeError(error)}`
}

function failure(message: string, cause: unknown): AssertionError {
  return Object.assign(new AssertionError({ message }), { cause })
}
