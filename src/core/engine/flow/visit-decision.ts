/** A decision as a state of a flow. */
import type { DecisionScope, DecisionState } from '../../definition/flow-definition.ts'
import { matchesExitCode } from '../../definition/exit-code-pattern.ts'
import { BatchError } from '../../model/batch-error.ts'
import { exitStatus } from '../../model/exit-status.ts'
import { createContextDraft } from '../context-draft.ts'
import type { FlowOutcome } from './flow-outcome.ts'
import type { FlowRun } from './flow-run.ts'

/** Nothing is recorded of it. @throws what the decider throws; BatchError INVALID_JOB_DEFINITION for an answer without a transition */
export async function visitDecision(
  run: FlowRun,
  { decide, transitions }: DecisionState,
  name: string,
  path: string,
): Promise<FlowOutcome> {
  const { job } = run
  const from = job.jobContext.values()
  const jobContext = createContextDraft(from)
  const scope: DecisionScope<unknown> = {
    parameters: job.parameters,
    jobExecution: job.launched.execution,
    jobContext,
    signal: job.control.stop,
    logger: job.logger.child({ decision: name }),
    resources: job.repository.resources,
    stepExecution: run.lastStep.get(path),
  }
  const answer = await decide(scope)
  if (!transitions.some(({ on }) => matchesExitCode(on, answer))) throw unexpectedAnswer(name, answer)
  await job.jobContext.merge({ from, to: jobContext.values() })
  scope.logger.info({ answer }, `decision ${name}: ${answer}`)
  return { status: 'COMPLETED', exitStatus: exitStatus(answer), error: undefined, failures: [] }
}

function unexpectedAnswer(name: string, answer: unknown): BatchError {
  return new BatchError(
    'INVALID_JOB_DEFINITION',
    `The decision ${name} answered ${JSON.stringify(answer)}, for which it has no transition. Add one, or one for '*'.`,
    { details: { decision: name, answer } },
  )
}
