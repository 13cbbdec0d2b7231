/** The walk through a flow: visit a state, take the transition that its exit code chooses, go on until the flow ends. */
import { matchesExitCode } from '../../definition/exit-code-pattern.ts'
import { type Flow, type FlowState, stateOf, type Target } from '../../definition/flow-definition.ts'
import { exitStatus } from '../../model/exit-status.ts'
import { stoppedExitStatus } from '../run-control.ts'
import { abandonFailures } from './abandon-failures.ts'
import type { FlowOutcome } from './flow-outcome.ts'
import { carryStepBefore, firstState, type FlowRun } from './flow-run.ts'
import { visitDecision } from './visit-decision.ts'
import { visitSplit } from './visit-split.ts'
import { visitStep } from './visit-step.ts'

/**
 * A restart walks again from the start: completed steps answer with the exit code that they had, failures that were dealt
 * with are not run again, decisions are asked anew.
 *
 * `path` names the flow within the job: '' for the job's own, `both/left` for a branch of a split.
 * @throws what keeps a step from being run at all, or its end from being recorded.
 */
export async function walkFlow(run: FlowRun, flow: Flow, path: string): Promise<FlowOutcome> {
  let name = firstState(run, flow, path)
  for (;;) {
    const { control } = run.job
    control.abort.throwIfAborted()
    if (control.stop.aborted) return stopped(run)
    const state = stateOf(flow, name)
    const outcome = await visit(run, flow, state, name, path)
    if (outcome.status === 'STOPPED') return outcome
    const target = targetOf(state, outcome)
    if (target === undefined) return outcome
    if (target.kind !== 'to') return end(run, path, target, outcome)
    await abandonFailures(run.job, outcome.failures)
    name = target.state
  }
}

async function visit(
  run: FlowRun,
  flow: Flow,
  state: FlowState,
  name: string,
  path: string,
): Promise<FlowOutcome> {
  const here = path === '' ? name : `${path}/${name}`
  switch (state.kind) {
    case 'step':
      return visitStep(run, flow, name, path)
    case 'decision':
      return visitDecision(run, state, name, path)
    case 'split': {
      const outcome = await visitSplit(state, (branch, branchName) =>
        walkFlow(run, branch, `${here}/${branchName}`),
      )
      carryStepBefore(run, undefined, path)
      return outcome
    }
    case 'nested': {
      const outcome = await walkFlow(run, state.flow, here)
      carryStepBefore(run, here, path)
      return outcome
    }
    default:
      return state satisfies never
  }
}

/** Undefined: nothing matches, and the flow ends as the state ended. */
export function targetOf(
  { transitions, next }: FlowState,
  { status, exitStatus: own }: FlowOutcome,
): Target | undefined {
  const matching = transitions.find(({ on }) => matchesExitCode(on, own.exitCode))
  return matching?.target ?? (status === 'COMPLETED' ? next : undefined)
}

async function end(
  run: FlowRun,
  path: string,
  target: Exclude<Target, { kind: 'to' }>,
  outcome: FlowOutcome,
): Promise<FlowOutcome> {
  switch (target.kind) {
    case 'end':
      await abandonFailures(run.job, outcome.failures)
      return { status: 'COMPLETED', exitStatus: exitStatus(target.exitCode), error: undefined, failures: [] }
    case 'fail':
      return {
        ...outcome,
        status: 'FAILED',
        exitStatus: exitStatus('FAILED', outcome.exitStatus.exitDescription),
      }
    case 'stop':
      if (target.restartAt !== undefined) {
        await abandonFailures(run.job, outcome.failures)
        run.restartAt.set(path, target.restartAt)
      }
      return { ...outcome, status: 'STOPPED', exitStatus: exitStatus(target.exitCode), error: undefined }
    default:
      return target satisfies never
  }
}

function stopped({ job }: FlowRun): FlowOutcome {
  return { status: 'STOPPED', exitStatus: stoppedExitStatus(job.control), error: undefined, failures: [] }
}
