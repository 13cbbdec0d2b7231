/** Shows the steps of a job that is run as a step, under the name of that step. */
import type { StepExecution } from '../../model/step-execution.ts'
import type { RunObserver } from '../../ports/run-observer.ts'
import type { StepRun } from '../step-run.ts'

/** The child's own beginning and end are those of the step. */
export function observeChild({ stepName, observer }: StepRun): RunObserver {
  const within = (step: StepExecution): StepExecution => ({
    ...step,
    stepName: `${stepName}/${step.stepName}`,
  })
  const { stepStarted, stepProgressed, chunkCommitted, stepEnded, stepSkipped } = observer
  return {
    ...(stepStarted && { stepStarted: (step) => stepStarted(within(step)) }),
    ...(stepProgressed && { stepProgressed: (step, progress) => stepProgressed(within(step), progress) }),
    ...(chunkCommitted && { chunkCommitted: (step, chunk) => chunkCommitted(within(step), chunk) }),
    ...(stepEnded && { stepEnded: (step) => stepEnded(within(step)) }),
    ...(stepSkipped && { stepSkipped: (step) => stepSkipped(within(step)) }),
  }
}
