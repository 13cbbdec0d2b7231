/** Executions that have lost their process, by the record. */
import type { JobExecutionSummary } from '../../core/model/job-execution.ts'
import type { RunSql } from './fence.ts'
import { decodeFlatSummary, type FlatSummary, summaryColumns, summaryJoins } from './job-execution-rows.ts'
import { LIVE } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

/** Found down the index on interruptions, of which there are few. No locks. */
export async function listInterrupted(
  run: RunSql,
  tables: TableNames,
  except: ReadonlySet<string> = new Set(),
): Promise<readonly JobExecutionSummary[]> {
  const rows = await run<FlatSummary>(
    `with interrupted as materialized (
      select distinct a.job_execution_id from ${tables.action} a
        where a.action = 'interrupt' and a.job_execution_id <> all($1::bigint[])
    )
    select ${summaryColumns(tables)}
    from interrupted
    join ${tables.jobExecution} e on e.job_execution_id = interrupted.job_execution_id and e.status = 'STOPPED'
    ${summaryJoins(tables)}
    where not exists (select 1 from ${tables.action} s
        where s.job_execution_id = e.job_execution_id and s.action = 'stop')
      and not exists (select 1 from ${tables.jobExecution} l
        where l.job_instance_id = e.job_instance_id and l.job_execution_id > e.job_execution_id)
    order by e.job_execution_id`,
    [[...except]],
  )
  return rows.map(decodeFlatSummary)
}

/** Back to the latest execution of the instance that has ended in another way. No locks. */
export async function countDeaths(run: RunSql, tables: TableNames, jobInstanceId: string): Promise<number> {
  const [row] = await run<{ deaths: number }>(
    `select count(*)::int as "deaths" from ${tables.jobExecution} e
      where e.job_instance_id = $1 and e.job_execution_id > coalesce((
        select max(o.job_execution_id) from ${tables.jobExecution} o
          where o.job_instance_id = $1 and (o.status in ${LIVE} or (o.status = 'FAILED' and exists (
            select 1 from ${tables.action} a
              where a.job_execution_id = o.job_execution_id and a.action = 'recover'))) is not true), 0)`,
    [jobInstanceId],
  )
  return row?.deaths ?? 0
}
