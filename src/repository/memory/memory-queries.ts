/** Finding and listing in memory. */
import { isLive, TROUBLED_STATUSES } from '../../core/model/batch-status.ts'
import type { JobExecutionSummary } from '../../core/model/job-execution.ts'
import type { JobInstance } from '../../core/model/job-instance.ts'
import { isFoundBy } from '../../core/model/search-text.ts'
import type { ExecutionFilter, InstanceFilter, InstanceOverview } from '../../core/ports/job-repository.ts'
import { executionsOf, type MemoryState, snapshot, type StoredExecution } from './memory-state.ts'

export function listExecutions(state: MemoryState, filter: ExecutionFilter): readonly JobExecutionSummary[] {
  const latest = filter.attention === true ? latestIds(state) : undefined
  return [...state.executions.values()]
    .map((stored) => summary(state, stored))
    .filter((one) => isPlaced(one, filter) && isCreatedIn(one, filter) && isTriggeredBy(one, filter))
    .filter((one) => latest === undefined || (latest.has(one.id) && isInTrouble(one)))
    .filter((one) => filter.text === undefined || isFoundBy(one, filter.text))
    .toReversed()
    .slice(0, filter.limit)
}

function isPlaced(
  { id, jobInstance, status }: JobExecutionSummary,
  { jobName, jobInstanceId, statuses, before }: ExecutionFilter,
): boolean {
  return (
    (jobName === undefined || jobInstance.jobName === jobName) &&
    (jobInstanceId === undefined || jobInstance.id === jobInstanceId) &&
    (statuses === undefined || statuses.includes(status)) &&
    (before === undefined || Number(id) < Number(before))
  )
}

function isCreatedIn(
  { createTime }: JobExecutionSummary,
  { createdFrom, createdUntil }: ExecutionFilter,
): boolean {
  return (
    (createdFrom === undefined || createTime >= createdFrom) &&
    (createdUntil === undefined || createTime < createdUntil)
  )
}

function isTriggeredBy({ launch }: JobExecutionSummary, { trigger }: ExecutionFilter): boolean {
  if (trigger === undefined) return true
  const is = launch?.trigger
  return is?.type === trigger.type && (trigger.name === undefined || is.name === trigger.name)
}

/** The ids of the latest executions of all instances. */
export function latestIds(state: MemoryState): ReadonlySet<string> {
  const latest = new Map<string, string>()
  for (const [id, { execution }] of state.executions) latest.set(execution.jobInstance.id, id)
  return new Set(latest.values())
}

export function isInTrouble(execution: JobExecutionSummary): boolean {
  return TROUBLED_STATUSES.some((status) => status === execution.status) || isStale(execution)
}

export function isStale({ status, owner }: JobExecutionSummary): boolean {
  return isLive(status) && owner?.leaseExpired === true
}

export function summary(state: MemoryState, stored: StoredExecution): JobExecutionSummary {
  const { executionContext: _, ...shown } = snapshot(state, stored)
  return shown
}

export function listInstances(
  state: MemoryState,
  { jobName, before, limit }: InstanceFilter,
): readonly JobInstance[] {
  return state.instances
    .filter((one) => jobName === undefined || one.jobName === jobName)
    .filter((one) => before === undefined || Number(one.id) < Number(before))
    .toReversed()
    .slice(0, limit)
}

export function listOverviews(state: MemoryState, filter: InstanceFilter): readonly InstanceOverview[] {
  return listInstances(state, filter).map((jobInstance) => {
    const executions = executionsOf(state, jobInstance)
    const latest = executions.at(-1)
    return {
      jobInstance,
      executions: executions.length,
      latest: latest === undefined ? null : summary(state, latest),
    }
  })
}
