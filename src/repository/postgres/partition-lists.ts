/** The partitions of a job execution: who worked on which, and how many of each step. */
import type { PartitionOverview } from '../../core/model/partition-overview.ts'
import type { PartitionExecution } from '../../core/model/step-execution.ts'
import type { PartitionExecutionFilter } from '../../core/ports/partition-store.ts'
import type { RunSql } from './fence.ts'
import type { TableNames } from './table-names.ts'

interface WhoseRow {
  readonly id: string
  readonly stepName: string
  readonly name: string
  readonly host: string | null
  readonly pid: number | null
}

/** By step execution, in their order: which partitions they are of, and who works on them. No locks. */
export async function partitionExecutions(
  run: RunSql,
  tables: TableNames,
  { jobExecutionId, stepName, statuses, after, limit }: PartitionExecutionFilter,
): Promise<ReadonlyMap<string, PartitionExecution>> {
  const rows = await run<WhoseRow>(
    `select s.step_execution_id as "id", m.step_name as "stepName", p.name, w.host, w.pid
      from ${tables.stepExecution} s
      join ${tables.partitionExecution} x on x.step_execution_id = s.step_execution_id
      join ${tables.partition} p on p.plan_id = x.plan_id and p.ordinal = x.ordinal
      join ${tables.stepExecution} m on m.step_execution_id = p.plan_id
      left join ${tables.partitionWorker} w on w.worker_id = x.worker_id
      where s.job_execution_id = $1 and ($2::text[] is null or s.status = any($2)) and s.step_execution_id > $3
        and ($5::text is null or m.step_name = $5)
      order by s.step_execution_id limit $4`,
    [jobExecutionId, statuses ?? null, after ?? 0, limit, stepName ?? null],
  )
  return new Map(
    rows.map(({ id, stepName, name, host, pid }) => [
      id,
      { stepName, name, worker: host === null || pid === null ? null : { host, pid } },
    ]),
  )
}

interface OverviewRow {
  readonly stepName: string
  readonly planned: string
  readonly open: string
  readonly executions: Readonly<Record<string, number>>
}

/** No locks. */
export async function partitionOverviews(
  run: RunSql,
  tables: TableNames,
  jobExecutionId: string,
): Promise<readonly PartitionOverview[]> {
  const rows = await run<OverviewRow>(
    `with begun as (
      select x.plan_id, s.status, count(*) as executions
        from ${tables.stepExecution} s
        join ${tables.partitionExecution} x on x.step_execution_id = s.step_execution_id
        where s.job_execution_id = $1 group by x.plan_id, s.status
    )
    select m.step_name as "stepName", jsonb_object_agg(begun.status, begun.executions) as "executions",
      (select count(*) from ${tables.partition} p where p.plan_id = begun.plan_id) as "planned",
      (select count(*) from ${tables.partition} p where p.plan_id = begun.plan_id and p.status = 'STARTING') as "open"
      from begun
      join ${tables.stepExecution} m on m.step_execution_id = begun.plan_id
      group by begun.plan_id, m.step_name order by begun.plan_id`,
    [jobExecutionId],
  )
  return rows.map(({ stepName, planned, open, executions }) => ({
    stepName,
    planned: Number(planned),
    open: Number(open),
    executions,
  }))
}
