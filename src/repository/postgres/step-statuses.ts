/** How the steps of an instance stand, read in the same statement as its latest execution. */
import type { BatchStatus } from '../../core/model/batch-status.ts'
import { decodeStatus } from './rows.ts'
import type { TableNames } from './table-names.ts'

/** An expression beside `e`, an execution: the latest status of each step over all executions of its instance, as JSON. */
export function stepStatusesSql(tables: TableNames): string {
  return `(select json_object_agg(latest.step_name, latest.status)::text from (
        select distinct on (s.step_name) s.step_name, s.status
          from ${tables.jobExecution} j
          join ${tables.stepExecution} s on s.job_execution_id = j.job_execution_id
          where j.job_instance_id = e.job_instance_id
            and not exists (select 1 from ${tables.partitionExecution} p where p.step_execution_id = s.step_execution_id)
          order by s.step_name, s.step_execution_id desc) latest)`
}

export function decodeStepStatuses(text: string | null): ReadonlyMap<string, BatchStatus> {
  const statuses = JSON.parse(text ?? '{}') as Readonly<Record<string, string | null>>
  return new Map(Object.entries(statuses).map(([name, status]) => [name, decodeStatus(status)]))
}
