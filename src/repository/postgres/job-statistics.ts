/** Figures over the executions of a job in a window of time. */
import { BATCH_STATUSES } from '../../core/model/batch-status.ts'
import { NO_COUNTS, type ReconciledCounts } from '../../core/model/step-execution.ts'
import { reconciledCounts } from '../../core/model/step-reconciliation.ts'
import type {
  DayFigures,
  DurationFigures,
  ExecutionsByStatus,
  JobStatistics,
  StatisticsRequest,
} from '../../core/ports/job-figures.ts'
import type { CountColumns } from './entities.ts'
import type { RunSql } from './fence.ts'
import { countColumns } from './job-execution-rows.ts'
import { decodeCounts, decodeStatus } from './rows.ts'
import type { TableNames } from './table-names.ts'

/** The executions are summed up by one statement, and their steps by another. */
export async function jobStatistics(
  run: RunSql,
  tables: TableNames,
  request: StatisticsRequest,
): Promise<JobStatistics> {
  const groups = await groupExecutions(run, tables, request)
  const items = await sumSteps(run, tables, request)
  const total = groups.filter(({ day }) => day === null)
  const executions = countStatuses(total)
  const { COMPLETED, FAILED } = executions
  const days = [...new Set(groups.flatMap(({ day }) => day ?? []))].toSorted()
  return {
    executions,
    successRate: COMPLETED + FAILED === 0 ? null : COMPLETED / (COMPLETED + FAILED),
    duration: durationOf(total),
    items: items.get(null) ?? NO_ITEMS,
    days: days.map((day): DayFigures => {
      const ofDay = groups.filter((one) => one.day === day)
      const meanMilliseconds = durationOf(ofDay)?.meanMilliseconds ?? null
      return { day, executions: countStatuses(ofDay), meanMilliseconds, items: items.get(day) ?? NO_ITEMS }
    }),
  }
}

const NO_ITEMS: ReconciledCounts = reconciledCounts(NO_COUNTS)

interface ExecutionGroup {
  /** Null: of all days. */
  readonly day: string | null
  readonly status: string | null
  readonly executions: string
  readonly mean: number | null
  readonly percentiles: readonly [p50: number, p95: number] | null
}

/** $1 the job, $2 since, $3 until, which may be null. Spring's times are the wall clock of UTC. */
function foundSql({ jobExecution, jobInstance }: TableNames): string {
  return `select e.job_execution_id, e.status, to_char(e.create_time, 'YYYY-MM-DD') as day,
        extract(epoch from e.end_time - e.start_time)::float8 * 1000 as milliseconds
        from ${jobExecution} e
        where e.job_instance_id in (select i.job_instance_id from ${jobInstance} i where i.job_name = $1)
          and e.create_time >= $2::timestamptz at time zone 'utc'
          and ($3::timestamptz is null or e.create_time < $3::timestamptz at time zone 'utc')`
}

function foundValues({ jobName, since, until }: StatisticsRequest): readonly unknown[] {
  return [jobName, since, until ?? null]
}

function groupExecutions(
  run: RunSql,
  tables: TableNames,
  request: StatisticsRequest,
): Promise<readonly ExecutionGroup[]> {
  return run<ExecutionGroup>(
    `select day, status, count(*) as "executions", avg(milliseconds) as "mean",
        percentile_cont(array[0.5, 0.95]) within group (order by milliseconds) as "percentiles"
      from (${foundSql(tables)}) found
      group by grouping sets ((day, status), (status))`,
    foundValues(request),
  )
}

type StepSums = CountColumns & { readonly day: string | null }

/** Partitions are left to the step that has them. */
async function sumSteps(
  run: RunSql,
  tables: TableNames,
  request: StatisticsRequest,
): Promise<ReadonlyMap<string | null, ReconciledCounts>> {
  const rows = await run<StepSums>(
    `select found.day, ${countColumns((column) => `sum(s.${column})`, '')}
      from (${foundSql(tables)}) found
      join ${tables.stepExecution} s on s.job_execution_id = found.job_execution_id
      where not exists (select 1 from ${tables.partitionExecution} p where p.step_execution_id = s.step_execution_id)
      group by grouping sets ((found.day), ())`,
    foundValues(request),
  )
  return new Map(rows.map((row) => [row.day, reconciledCounts(decodeCounts(row))]))
}

function countStatuses(groups: readonly ExecutionGroup[]): ExecutionsByStatus {
  const counts = new Map<string, number>()
  for (const { status, executions } of groups) {
    const known = decodeStatus(status)
    counts.set(known, (counts.get(known) ?? 0) + Number(executions))
  }
  return Object.fromEntries(
    BATCH_STATUSES.map((status) => [status, counts.get(status) ?? 0]),
  ) as unknown as ExecutionsByStatus
}

function durationOf(groups: readonly ExecutionGroup[]): DurationFigures | null {
  const { mean = null, percentiles = null } = groups.find(({ status }) => status === 'COMPLETED') ?? {}
  if (mean === null || percentiles === null) return null
  const [p50Milliseconds, p95Milliseconds] = percentiles
  return { p50Milliseconds, p95Milliseconds, meanMilliseconds: mean }
}
