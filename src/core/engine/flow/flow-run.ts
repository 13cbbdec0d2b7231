/** What a walk through a job's flow works with. */
import type { Flow } from '../../definition/flow-definition.ts'
import { type ExecutionContext, FLOW_RESTART_KEY } from '../../model/execution-context.ts'
import type { StepExecution } from '../../model/step-execution.ts'
import type { JobRun } from '../job-run.ts'

export interface FlowRun {
  readonly job: JobRun
  /** Paths of flows and names of steps that this execution has come to. */
  readonly visited: Set<string>
  /** By the flow's path: the state at which a restart begins, because the flow had stopped there. */
  readonly restartAt: Map<string, string>
  /** By step: the id of the latest execution that it had before this job execution began. */
  readonly beganWith: ReadonlyMap<string, string>
  /** By the flow's path: the step that it has come to last. */
  readonly lastStep: Map<string, string>
  /** By the flow's path: what a decision is shown as the step before it. */
  readonly stepBefore: Map<string, StepExecution>
}

export function createFlowRun(job: JobRun): FlowRun {
  const stored = (job.jobContext.values()[FLOW_RESTART_KEY] ?? {}) as Readonly<Record<string, string>>
  const beganWith = [...job.launched.previousSteps].map(([name, { last }]) => [name, last.id] as const)
  return {
    job,
    visited: new Set(),
    restartAt: new Map(Object.entries(stored)),
    beganWith: new Map(beganWith),
    lastStep: new Map(),
    stepBefore: new Map(),
  }
}

/**
 * The first state of a flow: its start, or the one at which it is to go on after it had stopped. That holds for one visit
 * of the flow; a loop that comes back begins at the start.
 */
export function firstState({ restartAt, visited }: FlowRun, flow: Flow, path: string): string {
  const isFirstVisit = !visited.has(`flow ${path}`)
  visited.add(`flow ${path}`)
  return (isFirstVisit ? restartAt.get(path) : undefined) ?? flow.start
}

/** Behind a flow within the flow that is the last one of that; behind a split, whose branches have several, none. */
export function carryStepBefore({ stepBefore }: FlowRun, from: string | undefined, to: string): void {
  const before = from === undefined ? undefined : stepBefore.get(from)
  if (before === undefined) stepBefore.delete(to)
  else stepBefore.set(to, before)
}

/** The job's context with where a restart begins; a job that has completed needs none. */
export function withRestartAt(
  context: ExecutionContext,
  { restartAt }: FlowRun,
  isComplete: boolean,
): ExecutionContext {
  const { [FLOW_RESTART_KEY]: _, ...others } = context
  return restartAt.size === 0 || isComplete
    ? others
    : { ...others, [FLOW_RESTART_KEY]: Object.fromEntries(restartAt) }
}
