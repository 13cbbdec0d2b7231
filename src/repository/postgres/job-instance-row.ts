/** The row of a JobInstance, found or made, and locked. */
import type { JobInstance } from '../../core/model/job-instance.ts'
import type { RunSql } from './fence.ts'
import type { TableNames } from './table-names.ts'

interface InstanceKey {
  readonly jobName: string
  readonly jobKey: string
}

export interface FoundInstance {
  readonly instance: JobInstance
  /** Made in this transaction, so it has no executions. */
  readonly isNew: boolean
}

/**
 * Locks the instance row until the end of the launch: `for update` where it is there. A row that we insert is ours
 * anyhow; an insert that meets another's waits for that launch's end, does nothing, and then the row is looked up again.
 */
export async function findOrInsertInstance(
  run: RunSql,
  tables: TableNames,
  { jobName, jobKey }: InstanceKey,
): Promise<FoundInstance> {
  for (;;) {
    const [row] = await run<{ id: string; isNew: boolean }>(
      `with found as materialized (
        select job_instance_id from ${tables.jobInstance} where job_name = $1 and job_key = $2 for update
      ), made as (
        insert into ${tables.jobInstance} (job_instance_id, version, job_name, job_key)
          select nextval(${tables.jobInstanceSeq}), 0, $1, $2 where not exists (select 1 from found)
          on conflict (job_name, job_key) do nothing
          returning job_instance_id
      )
      select job_instance_id as "id", false as "isNew" from found
      union all select job_instance_id, true from made`,
      [jobName, jobKey],
    )
    if (row !== undefined) return { instance: { id: row.id, jobName, jobKey }, isNew: row.isNew }
  }
}
