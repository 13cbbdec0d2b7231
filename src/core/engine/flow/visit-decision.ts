/** A decision as a state of a flow. */
import type { DecisionScope, DecisionState } from '../../definition/flow-definition.ts'
import { matchesExitCode } from '../../definition/exit-code-pattern.ts'
import { BatchError } from '../../model/batch-error.ts'
import { exitStatus } from '../../model/exit-status.ts'
import { createContextDraft } from '../context-draft.ts'
import { settle, unsettle } from '../first-error.ts'
import { isAbortion, stoppedExitStatus } from '../run-control.ts'
import type { FlowOutcome } from './flow-outcome.ts'
import type { FlowRun } from './flow-run.ts'

/**
 * Nothing is recorded of it. One that gives up because its signal was aborted by a stop has stopped, and is asked again by the
 * restart.
 * @throws what the decider throws; BatchError INVALID_JOB_DEFINITION for an answer without a transition
 */
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
    stepExecution: run.stepBefore.get(path),
  }
  const decided = await settle(async () => decide(scope))
  if ('error' in decided && job.control.stop.aborted && isAbortion(decided.error, job.control.stop))
    return { status: 'STOPPED', exitStatus: stoppedExitStatus(job.control), error: undefined, failures: [] }
  const answer = unsettle(decided)
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
