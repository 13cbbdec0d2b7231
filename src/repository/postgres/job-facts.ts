/** Facts about every job, for monitoring: few steps down the indexes for each, however long its history is. */
import type { JobFacts, RepositoryFacts } from '../../core/ports/job-figures.ts'
import { staleCondition, staleConditions, troubledConditions } from './execution-list.ts'
import type { RunSql } from './fence.ts'
import { jobNamesSql } from './job-names.ts'
import { decodeStatus } from './rows.ts'
import { LIVE } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

/** So many of a job's newest instances are looked at for what was launched or has completed last. */
const NEWEST = 50

export async function jobFacts(run: RunSql, tables: TableNames): Promise<RepositoryFacts> {
  const jobs = await run<JobRow>(jobsSql(tables), [NEWEST])
  const troubles = await run<TroubleRow>(troublesSql(tables), [])
  const byName = new Map(troubles.map((row) => [row.jobName, row]))
  return {
    jobs: jobs.map((row): JobFacts => {
      const { live = 0, attention = 0 } = byName.get(row.jobName) ?? {}
      const lastStatus = row.hasExecution ? decodeStatus(row.lastStatus) : null
      return {
        jobName: row.jobName,
        lastSuccess: row.lastSuccess,
        lastStatus,
        live: Number(live),
        attention: Number(attention),
      }
    }),
    staleExecutions: troubles.reduce((sum, { stale }) => sum + Number(stale), 0),
  }
}

interface JobRow {
  readonly jobName: string
  readonly lastSuccess: Date | null
  readonly lastStatus: string | null
  readonly hasExecution: boolean
}

/**
 * Of the newest instances of each job: their newest execution, and the latest end of those that COMPLETED; where none of them
 * has, the newest instance that has. No locks.
 */
function jobsSql(tables: TableNames): string {
  const { jobInstance, jobExecution } = tables
  return `with ${jobNamesSql(tables)}
    select n.job_name as "jobName", newest.status as "lastStatus", newest.id is not null as "hasExecution",
      coalesce(newest.completed_at, (
        select e.end_time from ${jobInstance} i
          cross join lateral (select x.end_time from ${jobExecution} x
            where x.job_instance_id = i.job_instance_id and x.status = 'COMPLETED' limit 1) e
          where i.job_name = n.job_name order by i.job_instance_id desc limit 1)) as "lastSuccess"
    from names n
    cross join lateral (
      select max(e.job_execution_id) as id, max(e.end_time) filter (where e.status = 'COMPLETED') as completed_at,
        (array_agg(e.status order by e.job_execution_id desc))[1] as status
        from (select i.job_instance_id from ${jobInstance} i where i.job_name = n.job_name
          order by i.job_instance_id desc limit $1) i
        join ${jobExecution} e on e.job_instance_id = i.job_instance_id
    ) newest
    where n.job_name is not null
    order by n.job_name`
}

interface TroubleRow {
  readonly jobName: string
  readonly live: string
  readonly stale: string
  readonly attention: string
}

/** No locks. */
function troublesSql(tables: TableNames): string {
  const { jobExecution, jobInstance } = tables
  const attention = [troubledConditions(tables), staleConditions(tables)].map(
    (conditions) =>
      `select e.job_instance_id, 0 as live, 0 as stale, 1 as attention from ${jobExecution} e where ${conditions.join(' and ')}`,
  )
  return `select (select i.job_name from ${jobInstance} i where i.job_instance_id = one.job_instance_id) as "jobName",
      sum(one.live) as "live", sum(one.stale) as "stale", sum(one.attention) as "attention"
    from (
      select e.job_instance_id, 1 as live, 0 as stale, 0 as attention from ${jobExecution} e where e.status in ${LIVE}
      union all
      select e.job_instance_id, 0, 1, 0 from ${jobExecution} e where ${staleCondition(tables)}
      union all
      ${attention.join('\n      union all\n      ')}
    ) one
    group by 1`
}
