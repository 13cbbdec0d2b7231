/** A step as a state of a flow. */
import { BatchError } from '../../model/batch-error.ts'
import type { Flow } from '../../definition/flow-definition.ts'
import { runStep } from '../step-runner.ts'
import { isOfEarlierRound } from './earlier-round.ts'
import type { FlowOutcome } from './flow-outcome.ts'
import type { FlowRun } from './flow-run.ts'

/** @throws BatchError JOB_RESTART_REFUSED where a restart was to go on at a step that is no more */
export async function visitStep(
  run: FlowRun,
  flow: Flow,
  stepName: string,
  path: string,
): Promise<FlowOutcome> {
  const { job, visited } = run
  const definition = Object.hasOwn(job.job.steps, stepName) ? job.job.steps[stepName] : undefined
  if (definition === undefined) throw stepIsGone(stepName)
  const before = run.lastStep.get(path)
  const isAgain = visited.has(`step ${stepName}`) || isOfEarlierRound(run, flow, before, stepName)
  visited.add(`step ${stepName}`)
  const { execution, error, ran } = await runStep(job, stepName, definition, isAgain ? 'again' : 'first')
  run.lastStep.set(path, stepName)
  run.stepBefore.set(path, execution)
  const { status, exitStatus } = execution
  if (status === 'COMPLETED' || status === 'STOPPED')
    return { status, exitStatus, error: undefined, failures: [] }
  // What was passed as ABANDONED is dealt with already; it takes the way that it took then.
  return { status: 'FAILED', exitStatus, error, failures: ran ? [execution] : [] }
}

function stepIsGone(stepName: string): BatchError {
  return new BatchError(
    'JOB_RESTART_REFUSED',
    `The job has no step ${stepName}, at which its flow was to go on. Restore it, or start an instance with other parameters.`,
    { details: { stepName } },
  )
}
