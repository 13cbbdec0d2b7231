/** Instances, each with its latest execution. */
import type { InstanceFilter, InstanceOverview } from '../../core/ports/job-repository.ts'
import type { RunSql } from './fence.ts'
import { decodeFlatSummary, type FlatSummary, summaryColumns, summaryJoins } from './job-execution-rows.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import type { TableNames } from './table-names.ts'

type OverviewRow = { readonly [Key in keyof FlatSummary]: FlatSummary[Key] | null } & {
  readonly instanceId: string
  readonly instanceJobName: string
  readonly instanceJobKey: string
  readonly executions: string
}

/** The instances of the page first, then the latest execution of each: one step down the index of its executions. No locks. */
export async function listInstanceOverviews(
  run: RunSql,
  tables: TableNames,
  { jobName, before, limit }: InstanceFilter,
): Promise<readonly InstanceOverview[]> {
  if (before !== undefined && !isRecordId(before)) return []
  const values: unknown[] = [limit]
  const bind = (value: unknown): string => `$${values.push(value)}`
  const conditions = [
    ...(jobName === undefined ? [] : [`job_name = ${bind(jobName)}`]),
    ...(before === undefined ? [] : [`job_instance_id < ${bind(before)}`]),
    'true',
  ]
  const rows = await run<OverviewRow>(
    `with page as materialized (
      select * from ${tables.jobInstance} where ${conditions.join(' and ')}
        order by job_instance_id desc limit $1
    )
    select page.job_instance_id as "instanceId", page.job_name as "instanceJobName", page.job_key as "instanceJobKey",
      (select count(*) from ${tables.jobExecution} x where x.job_instance_id = page.job_instance_id) as "executions",
      latest.*
    from page
    left join lateral (
      select ${summaryColumns(tables)} from ${tables.jobExecution} e ${summaryJoins(tables)}
        where e.job_instance_id = page.job_instance_id order by e.job_execution_id desc limit 1
    ) latest on true
    order by page.job_instance_id desc`,
    values,
  )
  return rows.map((row) => ({
    jobInstance: { id: row.instanceId, jobName: row.instanceJobName, jobKey: row.instanceJobKey },
    executions: Number(row.executions),
    latest: row.id === null ? null : decodeFlatSummary(row as FlatSummary),
  }))
}
