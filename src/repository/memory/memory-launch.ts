/** A launch in memory. */
import { cutText } from '../../core/model/error-description.ts'
import type { StoredContext } from '../../core/model/execution-context.ts'
import type { JobInstance } from '../../core/model/job-instance.ts'
import { REQUESTER_LIMIT } from '../../core/model/operator-action.ts'
import { addCounts, NO_COUNTS } from '../../core/model/step-execution.ts'
import type { Launched, LaunchKey, LaunchRequest, PreviousStep } from '../../core/ports/launch.ts'
import { close, note } from './memory-retire.ts'
import {
  executionsOf,
  type MemoryState,
  readable,
  shownExecution,
  snapshot,
  type StoredExecution,
} from './memory-state.ts'

/** The key of a launch is that of an execution that is there: caught by whoever gave the key. */
export class KeyKnown extends Error {
  readonly stored: StoredExecution

  constructor(stored: StoredExecution) {
    super('the key is known')
    this.stored = stored
  }
}

export type KeyedRequest = LaunchRequest & { readonly key?: LaunchKey }

/** Nothing waits in here, so launches of one instance cannot overlap. @throws KeyKnown */
export function launch(state: MemoryState, request: KeyedRequest, context?: StoredContext): Launched {
  const asked = findKey(state, request.key)
  if (asked !== undefined) throw new KeyKnown(asked)
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

/** As the column of Postgres holds a caller. */
function callerOf({ caller }: LaunchKey): string {
  return cutText(caller, REQUESTER_LIMIT)
}

function findKey(state: MemoryState, key: LaunchKey | undefined): StoredExecution | undefined {
  if (key === undefined) return undefined
  return [...state.executions.values()].find(
    (stored) => stored.key?.key === key.key && callerOf(stored.key) === callerOf(key),
  )
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
  { parameters, owner, leaseMilliseconds, by, definition, facts, key }: KeyedRequest,
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
      launch: structuredClone(facts),
    },
    identity: { ...owner },
    definition: structuredClone(definition),
    since: now,
    generation: 1,
    heartbeatAt: now,
    leaseExpiresAt: new Date(now.getTime() + leaseMilliseconds),
    steps: [],
    actions: [],
    key,
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
