/** Figures over the executions in memory. */
import { BATCH_STATUSES, type BatchStatus, isLive } from '../../core/model/batch-status.ts'
import { addCounts, NO_COUNTS } from '../../core/model/step-execution.ts'
import { reconciledCounts } from '../../core/model/step-reconciliation.ts'
import type {
  DayFigures,
  DurationFigures,
  ExecutionsByStatus,
  JobFacts,
  JobStatistics,
  RepositoryFacts,
  StatisticsRequest,
} from '../../core/ports/job-figures.ts'
import { isInTrouble, isStale, latestIds, summary } from './memory-queries.ts'
import type { MemoryState, StoredExecution } from './memory-state.ts'

export function statistics(state: MemoryState, request: StatisticsRequest): JobStatistics {
  const { jobName, since, until } = request
  const found = [...state.executions.values()].filter(
    ({ execution: { jobInstance, createTime } }) =>
      jobInstance.jobName === jobName && createTime >= since && (until === undefined || createTime < until),
  )
  const executions = countStatuses(found)
  const { COMPLETED, FAILED } = executions
  const days = [...new Set(found.map(dayOf))].toSorted()
  return {
    executions,
    successRate: COMPLETED + FAILED === 0 ? null : COMPLETED / (COMPLETED + FAILED),
    duration: durations(found),
    items: itemsOf(found),
    days: days.map((day): DayFigures => {
      const ofDay = found.filter((one) => dayOf(one) === day)
      return {
        day,
        executions: countStatuses(ofDay),
        meanMilliseconds: durations(ofDay)?.meanMilliseconds ?? null,
        items: itemsOf(ofDay),
      }
    }),
  }
}

function dayOf({ execution }: StoredExecution): string {
  return execution.createTime.toISOString().slice(0, 'YYYY-MM-DD'.length)
}

function countStatuses(found: readonly StoredExecution[]): ExecutionsByStatus {
  const count = (status: BatchStatus) => found.filter(({ execution }) => execution.status === status).length
  return Object.fromEntries(
    BATCH_STATUSES.map((status) => [status, count(status)]),
  ) as unknown as ExecutionsByStatus
}

function itemsOf(found: readonly StoredExecution[]) {
  const steps = found.flatMap((one) => one.steps).filter(({ partition }) => partition === undefined)
  return reconciledCounts(steps.reduce(addCounts, NO_COUNTS))
}

function durations(found: readonly StoredExecution[]): DurationFigures | null {
  const spans = found
    .flatMap(({ execution: { status, startTime, endTime } }) =>
      status === 'COMPLETED' && startTime !== null && endTime !== null
        ? [endTime.getTime() - startTime.getTime()]
        : [],
    )
    .toSorted((one, other) => one - other)
  if (spans.length === 0) return null
  return {
    p50Milliseconds: percentile(spans, 0.5),
    p95Milliseconds: percentile(spans, 0.95),
    meanMilliseconds: spans.reduce((sum, one) => sum + one, 0) / spans.length,
  }
}

/** Between two values, as Postgres interpolates. */
export function percentile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const below = sorted[Math.floor(at)] ?? 0
  const above = sorted[Math.ceil(at)] ?? below
  return below + (above - below) * (at - Math.floor(at))
}

export function facts(state: MemoryState): RepositoryFacts {
  const latest = latestIds(state)
  const all = [...state.executions.values()].map((stored) => summary(state, stored))
  const names = [...new Set(state.instances.map(({ jobName }) => jobName))].toSorted()
  const jobs = names.map((jobName): JobFacts => {
    const own = all.filter(({ jobInstance }) => jobInstance.jobName === jobName)
    const ends = own.flatMap(({ status, endTime }) =>
      status === 'COMPLETED' && endTime !== null ? [endTime.getTime()] : [],
    )
    return {
      jobName,
      lastSuccess: ends.length === 0 ? null : new Date(Math.max(...ends)),
      lastStatus: own.at(-1)?.status ?? null,
      live: own.filter(({ status }) => isLive(status)).length,
      attention: own.filter((one) => latest.has(one.id) && isInTrouble(one)).length,
    }
  })
  return { jobs, staleExecutions: all.filter(isStale).length }
}
