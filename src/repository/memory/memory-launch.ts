/** A launch in memory. */
import type { StoredContext } from '../../core/model/execution-context.ts'
import type { JobInstance } from '../../core/model/job-instance.ts'
import { addCounts, NO_COUNTS } from '../../core/model/step-execution.ts'
import type { Launched, LaunchRequest, PreviousStep } from '../../core/ports/launch.ts'
import { close, note } from './memory-retire.ts'
import {
  executionsOf,
  type MemoryState,
  readable,
  shownExecution,
  snapshot,
  type StoredExecution,
} from './memory-state.ts'

/** Nothing waits in here, so launches of one instance cannot overlap. */
export function launch(state: MemoryState, request: LaunchRequest, context?: StoredContext): Launched {
  const known = state.instances.find(
    (one) => one.jobName === request.jobName && one.jobKey === request.jobKey,
  )
  const latest = known === undefined ? undefined : executionsOf(state, known).at(-1)
  const verdict = request.decide(latest === undefined ? undefined : shownExecution(state, latest))
  if (verdict.action === 'refuse') throw verdict.error
  const continued = verdict.action === 'start' ? undefined : latest
  if (continued !== undefined && verdict.action === 'recover-and-restart')
    close(state, continued, { status: 'FAILED', reason: verdict.reason }, request.by)
  else if (continued !== undefined) continued.generation += 1
  const instance = known ?? insertInstance(state, request)
  const previousSteps = continued === undefined ? new Map() : stepsOf(executionsOf(state, instance))
  const inserted = insertExecution(state, instance, request, context ?? continued?.execution.executionContext)
  return {
    execution: snapshot(state, inserted),
    claim: { jobExecutionId: inserted.execution.id, generation: String(inserted.generation) },
    restartOf: continued?.execution.id ?? null,
    recovered: verdict.action === 'recover-and-restart' ? (continued?.execution.id ?? null) : null,
    previousSteps,
  }
}

function insertInstance(state: MemoryState, { jobName, jobKey }: LaunchRequest): JobInstance {
  state.lastInstanceId += 1
  const instance = { id: String(state.lastInstanceId), jobName, jobKey }
  state.instances.push(instance)
  return instance
}

function insertExecution(
  state: MemoryState,
  jobInstance: JobInstance,
  { parameters, owner, leaseMilliseconds, by, definition }: LaunchRequest,
  executionContext: StoredContext = readable({}),
): StoredExecution {
  state.lastId += 1
  const now = state.now()
  const stored: StoredExecution = {
    execution: {
      id: String(state.lastId),
      jobInstance,
      jobParameters: structuredClone(parameters),
      status: 'STARTING',
      exitStatus: { exitCode: 'UNKNOWN', exitDescription: '' },
      createTime: now,
      startTime: null,
      endTime: null,
      lastUpdated: now,
      version: 0,
      executionContext,
      owner: null,
    },
    identity: { ...owner },
    definition: structuredClone(definition),
    since: now,
    generation: 1,
    heartbeatAt: now,
    leaseExpiresAt: new Date(now.getTime() + leaseMilliseconds),
    steps: [],
    actions: [],
  }
  note(state, stored, 'launch', by)
  state.executions.set(stored.execution.id, stored)
  return stored
}

function stepsOf(executions: readonly StoredExecution[]): ReadonlyMap<string, PreviousStep> {
  const found = new Map<string, PreviousStep>()
  const steps = executions.flatMap((one) => one.steps).filter(({ partition }) => partition === undefined)
  for (const last of steps) {
    const before = found.get(last.stepName)
    const earlier = before?.counts ?? NO_COUNTS
    found.set(last.stepName, {
      last,
      ours: true,
      startCount: (before?.startCount ?? 0) + 1,
      counts: last.status === 'COMPLETED' ? NO_COUNTS : addCounts(earlier, last),
    })
  }
  return found
}
