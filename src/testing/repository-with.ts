/** A repository whose launches begin with given contexts, for a step that is tested alone. */
import type { ExecutionContext } from '../core/model/execution-context.ts'
import { exitStatus } from '../core/model/exit-status.ts'
import { NO_COUNTS, type StepExecution } from '../core/model/step-execution.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { PreviousStep } from '../core/ports/launch.ts'

interface Contexts {
  readonly jobContext: ExecutionContext
  readonly stepContext: ExecutionContext
}

/** The launch is recorded as it is; only whoever launched sees the contexts. */
export function repositoryWith(
  repository: JobRepository,
  stepName: string,
  { jobContext, stepContext }: Contexts,
): JobRepository {
  return {
    ...repository,
    launch: async (request) => {
      const launched = await repository.launch(request)
      const { execution, previousSteps } = launched
      const previous = previousStep(execution.id, stepName, stepContext)
      return {
        ...launched,
        execution: { ...execution, executionContext: { kind: 'readable', values: jobContext } },
        previousSteps: previousSteps.has(stepName) ? previousSteps : new Map([[stepName, previous]]),
      }
    },
  }
}

function previousStep(jobExecutionId: string, stepName: string, stepContext: ExecutionContext): PreviousStep {
  const last: StepExecution = {
    ...NO_COUNTS,
    id: '0',
    jobExecutionId,
    stepName,
    status: 'FAILED',
    exitStatus: exitStatus('FAILED'),
    createTime: new Date(0),
    startTime: null,
    endTime: null,
    lastUpdated: null,
    version: 0,
    executionContext: { kind: 'readable', values: stepContext },
  }
  return { last, ours: true, startCount: 0, counts: NO_COUNTS }
}
