/** Whether a step is run, and from where, by what the instance has already done. */
import { BatchError } from '../model/batch-error.ts'
import {
  BEGUN_BY_SPRING_KEY,
  type ExecutionContext,
  SPRING_CHUNK_SCAN_KEY,
} from '../model/execution-context.ts'
import type { StepExecution } from '../model/step-execution.ts'
import type { StepOptions } from '../definition/step-definition.ts'
import type { PreviousStep } from '../ports/launch.ts'
import { readableValues } from './context-draft.ts'

export type RestartDecision =
  | { readonly action: 'skip'; readonly last: StepExecution }
  | { readonly action: 'run'; readonly from: ExecutionContext; readonly begunBySpring: boolean }

/** Whether the flow comes to the step for the first time in this execution, or comes back to it. */
export type StepVisit = 'first' | 'again'

/**
 * | last execution of the step | first visit | the flow comes back |
 * |---|---|---|
 * | none | run from the beginning | |
 * | COMPLETED | skip, or with `allowStartIfComplete` run from the beginning | run from the beginning |
 * | ABANDONED | skip | run from its context |
 * | FAILED, STOPPED | run from its context | run from its context |
 * | UNKNOWN | refuse | |
 *
 * @throws BatchError START_LIMIT_EXCEEDED, JOB_RESTART_REFUSED, EXECUTION_CONTEXT_UNREADABLE
 */
export function decideRestart(
  stepName: string,
  options: StepOptions,
  previous: PreviousStep | undefined,
  visit: StepVisit = 'first',
): RestartDecision {
  if (previous === undefined) return { action: 'run', from: {}, begunBySpring: false }
  const { last, startCount, ours } = previous
  if (visit === 'first' && isSettled(last, options)) return { action: 'skip', last }
  if (last.status === 'UNKNOWN') throw unknownOutcome(stepName, last)
  if (startCount >= (options.startLimit ?? Infinity)) throw startLimitExceeded(stepName, startCount)
  if (last.status === 'COMPLETED') return { action: 'run', from: {}, begunBySpring: false }
  const from = readableValues(last.executionContext, `step ${stepName} (step execution ${last.id})`)
  if (!isBegunBySpring(from, last, ours)) return { action: 'run', from, begunBySpring: false }
  return { action: 'run', from: { ...from, [BEGUN_BY_SPRING_KEY]: true }, begunBySpring: true }
}

function isSettled({ status }: StepExecution, { allowStartIfComplete = false }: StepOptions): boolean {
  return status === 'ABANDONED' || (status === 'COMPLETED' && !allowStartIfComplete)
}

/**
 * Its execution was Spring's and has come somewhere; or it was ours and was refused before its first commit, which is
 * what removes the mark. A step of Spring's that has committed nothing may begin anew.
 */
function isBegunBySpring(from: ExecutionContext, last: StepExecution, ours: boolean): boolean {
  if (from[BEGUN_BY_SPRING_KEY] === true) return true
  const holdsState = Object.keys(from).some(
    (key) => !key.startsWith('batch.') || key === SPRING_CHUNK_SCAN_KEY,
  )
  return !ours && (last.commitCount > 0 || holdsState)
}

function unknownOutcome(stepName: string, last: StepExecution): BatchError {
  return new BatchError(
    'JOB_RESTART_REFUSED',
    `Step ${stepName} cannot be restarted: the outcome of step execution ${last.id} is UNKNOWN. ` +
      `Find out what it wrote; then recover its execution (batchwright recover ${last.jobExecutionId}), and start again.`,
    { details: { stepName, stepExecutionId: last.id } },
  )
}

function startLimitExceeded(stepName: string, startCount: number): BatchError {
  return new BatchError(
    'START_LIMIT_EXCEEDED',
    `Step ${stepName} was already begun ${startCount} times in this instance, which is its startLimit. ` +
      'Raise the limit, or start an instance with other parameters.',
    { details: { stepName, startCount } },
  )
}
