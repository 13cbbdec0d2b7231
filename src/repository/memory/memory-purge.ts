/** Forgets old instances of the in-memory repository with all that belongs to them. */
import { REDRIVE_OVER } from '../../core/model/quarantined-item.ts'
import type { JobInstance } from '../../core/model/job-instance.ts'
import {
  NOTHING_PURGED,
  type PurgeableStatus,
  type PurgedPart,
  type PurgeRequest,
} from '../../core/ports/purge.ts'
import type { MemoryEntry } from './memory-quarantine.ts'
import { executionsOf, type MemoryState, type StoredExecution } from './memory-state.ts'

/** The same rules as in Postgres. */
export function purgeMemory(state: MemoryState, request: PurgeRequest): PurgedPart {
  const { after = '0', limit, dryRun } = request
  const kept = keptInstances(state, request)
  const found = state.instances
    .filter(({ id, jobName }) => jobName === request.jobName && Number(id) > Number(after) && !kept.has(id))
    .filter((instance) => isPurgeable(state, request, instance))
    .slice(0, limit)
  let counts = NOTHING_PURGED
  for (const instance of found) {
    const executions = executionsOf(state, instance)
    counts = {
      instances: counts.instances + 1,
      executions: counts.executions + executions.length,
      steps: counts.steps + executions.reduce((sum, { steps }) => sum + steps.length, 0),
      quarantined: counts.quarantined + entriesOf(state, executions).length,
    }
    if (!dryRun) forget(state, instance, executions)
  }
  return { ...counts, next: found.length < limit ? null : (found.at(-1)?.id ?? null) }
}

function keptInstances(state: MemoryState, { jobName, keepLast }: PurgeRequest): ReadonlySet<string> {
  const ofJob = [...state.executions.values()].filter(
    ({ execution }) => execution.jobInstance.jobName === jobName,
  )
  const executed = ofJob.map(({ execution }) => execution.jobInstance.id)
  const instances = state.instances.filter((one) => one.jobName === jobName).map(({ id }) => id)
  return new Set([executed, instances].flatMap((ids) => ids.toReversed().slice(0, keepLast)))
}

function isPurgeable(state: MemoryState, request: PurgeRequest, instance: JobInstance): boolean {
  const executions = executionsOf(state, instance)
  const latest = executions.at(-1)
  if (latest === undefined || !isOneOf(request.statuses, latest)) return false
  const hasEnded = executions.every((stored) => endedBefore(state, stored, request.endedBefore))
  if (!hasEnded) return false
  const blocks = request.withQuarantined ? isHeld : () => true
  return !entriesOf(state, executions).some((one) => one.redriven === null && blocks(state, one))
}

function isOneOf(statuses: readonly PurgeableStatus[], { execution }: StoredExecution): boolean {
  return statuses.some((status) => status === execution.status)
}

function endedBefore(
  state: MemoryState,
  { execution, leaseExpiresAt }: StoredExecution,
  time: Date,
): boolean {
  const { endTime } = execution
  return endTime !== null && endTime < time && leaseExpiresAt <= state.now()
}

/** A redrive may still come to it. */
function isHeld(state: MemoryState, { batchId }: MemoryEntry): boolean {
  const batch = state.quarantine.batches.find(({ id }) => id === batchId)
  const latest = [...state.executions.values()].findLast(
    ({ execution }) => execution.jobInstance.id === batch?.redriveJobInstanceId,
  )
  return latest !== undefined && !REDRIVE_OVER.includes(latest.execution.status)
}

function entriesOf(state: MemoryState, executions: readonly StoredExecution[]): readonly MemoryEntry[] {
  const ids = new Set(executions.map(({ execution }) => execution.id))
  return state.quarantine.entries.filter(({ jobExecutionId }) => ids.has(jobExecutionId))
}

function forget(state: MemoryState, instance: JobInstance, executions: readonly StoredExecution[]): void {
  const { instances, plans, workers, quarantine, samples } = state
  const ids = new Set(executions.map(({ execution }) => execution.id))
  for (const id of ids) state.executions.delete(id)
  for (const { id } of executions.flatMap(({ steps }) => steps)) {
    plans.delete(id)
    samples.delete(id)
  }
  for (const [id, { jobExecutionId }] of workers) if (ids.has(jobExecutionId)) workers.delete(id)
  removeWhere(state.events.list, (event) => 'jobExecutionId' in event && ids.has(event.jobExecutionId))
  removeWhere(quarantine.entries, ({ jobExecutionId }) => ids.has(jobExecutionId))
  removeWhere(quarantine.batches, ({ originJobExecutionId }) => ids.has(originJobExecutionId))
  for (const batch of quarantine.batches)
    if (batch.redriveJobInstanceId === instance.id) batch.redriveJobInstanceId = null
  removeWhere(instances, ({ id }) => id === instance.id)
}

function removeWhere<T>(list: T[], isGone: (one: T) => boolean): void {
  const left = list.filter((one) => !isGone(one))
  list.splice(0, list.length, ...left)
}
