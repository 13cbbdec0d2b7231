/** What a run of a job is like when nothing is the matter: medians over the last that completed. */
import { type TypicalRun, TYPICAL_INSTANCES } from '../../core/ports/job-figures.ts'
import type { RunSql } from './fence.ts'
import type { TableNames } from './table-names.ts'

interface TypicalRow {
  /** Null: of the executions themselves. */
  readonly stepName: string | null
  readonly executions: string
  readonly milliseconds: number | null
  readonly read: number | null
  readonly written: number | null
}

/** Down the job's index from its newest instance, not beyond so many. Partitions are left to the step that has them. No locks. */
export async function typicalRun(
  run: RunSql,
  tables: TableNames,
  jobName: string,
  executions: number,
): Promise<TypicalRun> {
  const rows = await run<TypicalRow>(typicalSql(tables), [jobName, executions])
  const whole = rows.find(({ stepName }) => stepName === null)
  return {
    executions: Number(whole?.executions ?? 0),
    medianMilliseconds: whole?.milliseconds ?? null,
    steps: rows.flatMap(({ stepName, executions: count, milliseconds, read, written }) =>
      stepName === null
        ? []
        : [
            {
              stepName,
              executions: Number(count),
              medianMilliseconds: milliseconds ?? 0,
              medianReadCount: read ?? 0,
              medianWriteCount: written ?? 0,
            },
          ],
    ),
  }
}

function typicalSql({ jobExecution, jobInstance, stepExecution, partitionExecution }: TableNames): string {
  const median = (value: string) => `percentile_cont(0.5) within group (order by ${value})`
  const milliseconds = (one: string) =>
    `extract(epoch from ${one}.end_time - ${one}.start_time)::float8 * 1000`
  return `with last as (
      select e.job_execution_id, e.start_time, e.end_time from (select job_instance_id from ${jobInstance} where job_name = $1
          order by job_instance_id desc limit ${TYPICAL_INSTANCES}) i
        join ${jobExecution} e on e.job_instance_id = i.job_instance_id
        where e.status = 'COMPLETED' and e.start_time is not null and e.end_time is not null
          and not exists (select 1 from ${jobExecution} x
            where x.job_instance_id = e.job_instance_id and x.job_execution_id < e.job_execution_id)
        order by i.job_instance_id desc limit $2
    )
    select null as "stepName", count(*) as "executions", ${median(milliseconds('l'))} as "milliseconds",
        null::float8 as "read", null::float8 as "written", null::bigint as position
      from last l
    union all
    select s.step_name, count(*), ${median(milliseconds('s'))}, ${median('s.read_count')}, ${median('s.write_count')},
        min(s.step_execution_id)
      from last l join ${stepExecution} s on s.job_execution_id = l.job_execution_id
      where s.status = 'COMPLETED' and s.start_time is not null and s.end_time is not null
        and not exists (select 1 from ${partitionExecution} p where p.step_execution_id = s.step_execution_id)
      group by s.step_name
    order by position nulls first`
}
