/** The names of all jobs that have instances. */
import type { RunSql } from './fence.ts'
import type { TableNames } from './table-names.ts'

/**
 * A recursive CTE `names (job_name)`: each name is one step down the index on (job_name, job_instance_id), however many instances
 * a job has. The last row is null.
 */
export function jobNamesSql({ jobInstance }: TableNames): string {
  return `recursive names as (
      (select job_name from ${jobInstance} order by job_name limit 1)
      union all
      select (select i.job_name from ${jobInstance} i where i.job_name > n.job_name order by i.job_name limit 1)
        from names n where n.job_name is not null
    )`
}

/** No locks. */
export async function listJobNames(run: RunSql, tables: TableNames): Promise<readonly string[]> {
  const rows = await run<{ name: string }>(
    `with ${jobNamesSql(tables)} select job_name as "name" from names where job_name is not null`,
    [],
  )
  return rows.map(({ name }) => name)
}
