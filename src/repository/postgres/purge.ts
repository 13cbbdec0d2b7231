/** Deletes old instances with all that belongs to them, a bounded number in each transaction. */
import type { DataSource } from 'typeorm'
import {
  NOTHING_PURGED,
  type PurgeCounts,
  type PurgedPart,
  type PurgeRequest,
} from '../../core/ports/purge.ts'
import type { RunSql } from './fence.ts'
import { repositoryTransaction } from './repository-transaction.ts'
import { HELD, redriveSql } from './quarantine-queries.ts'
import type { RepositoryAddress } from './repository-options.ts'
import { OPEN } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

/**
 * An instance goes as a whole or not at all: a restart builds on the steps of all its executions. Judged twice, the second
 * time under the lock, since a launch may have come in between.
 */
export function purge(
  source: DataSource,
  address: RepositoryAddress,
  request: PurgeRequest,
): Promise<PurgedPart> {
  const { tables } = address
  const doing = `purging executions of job '${request.jobName}'`
  return repositoryTransaction(source, address, doing, async ({ client, run, committing }) => {
    const found = await lockCandidates(run, tables, request)
    const ids = await stillPurgeable(run, tables, request, found)
    const counts = ids.length === 0 ? NOTHING_PURGED : await countBelongings(run, tables, ids)
    if (!request.dryRun) await deleteInstances(run, tables, ids)
    committing()
    await client.query('commit')
    return { ...counts, next: found.length < request.limit ? null : (found.at(-1) ?? null) }
  })
}

/** Locks: the instances, as a launch does; those that somebody else holds are passed over. */
async function lockCandidates(
  run: RunSql,
  tables: TableNames,
  request: PurgeRequest,
): Promise<readonly string[]> {
  const rows = await run<{ id: string }>(
    `${purgeableSql(tables, request)} and i.job_instance_id > $5
      order by i.job_instance_id limit $6 for update of i skip locked`,
    [...purgeableValues(request), request.after ?? '0', request.limit],
  )
  return rows.map(({ id }) => id)
}

async function stillPurgeable(
  run: RunSql,
  tables: TableNames,
  request: PurgeRequest,
  ids: readonly string[],
): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const rows = await run<{ id: string }>(
    `${purgeableSql(tables, request)} and i.job_instance_id = any($5::bigint[])`,
    [...purgeableValues(request), ids],
  )
  return rows.map(({ id }) => id)
}

function purgeableValues({ jobName, keepLast, statuses, endedBefore }: PurgeRequest): readonly unknown[] {
  return [jobName, keepLast, [...statuses], endedBefore]
}

/** $1 the job, $2 how many are kept, $3 the statuses, $4 the time. Spring's times are the wall clock of UTC. */
function purgeableSql(tables: TableNames, { withQuarantined }: PurgeRequest): string {
  return `with kept as materialized (
      (select e.job_instance_id from ${tables.jobExecution} e
        join ${tables.jobInstance} j on j.job_instance_id = e.job_instance_id
        where j.job_name = $1 order by e.job_execution_id desc limit $2)
      union
      (select job_instance_id from ${tables.jobInstance} where job_name = $1 order by job_instance_id desc limit $2)
    )
    select i.job_instance_id as "id" from ${tables.jobInstance} i
      where i.job_name = $1 and not exists (select 1 from kept k where k.job_instance_id = i.job_instance_id)
        and (select e.status from ${tables.jobExecution} e where e.job_instance_id = i.job_instance_id
          order by e.job_execution_id desc limit 1) = any($3::text[])
        and not exists (select 1 from ${tables.jobExecution} e
          left join ${tables.heartbeat} h on h.job_execution_id = e.job_execution_id
          where e.job_instance_id = i.job_instance_id and (${OPEN} or h.lease_expires_at > clock_timestamp()
            or coalesce(e.end_time, e.last_updated, e.create_time) >= $4::timestamptz at time zone 'utc'))
        and not exists (select 1 from ${tables.quarantine} q
          join ${tables.jobExecution} e on e.job_execution_id = q.job_execution_id
          ${redriveSql(tables)}
          where e.job_instance_id = i.job_instance_id and ${withQuarantined ? HELD : 'q.redriven_at is null'})`
}

async function countBelongings(
  run: RunSql,
  tables: TableNames,
  ids: readonly string[],
): Promise<PurgeCounts> {
  const [row] = await run<Record<keyof PurgeCounts, string>>(
    `with gone as materialized (
      select job_execution_id from ${tables.jobExecution} where job_instance_id = any($1::bigint[])
    )
    select cardinality($1::bigint[]) as "instances", (select count(*) from gone) as "executions",
      (select count(*) from ${tables.stepExecution} join gone using (job_execution_id)) as "steps",
      (select count(*) from ${tables.quarantine} join gone using (job_execution_id)) as "quarantined"`,
    [ids],
  )
  const { instances, executions, steps, quarantined } = row ?? NOTHING_PURGED
  return {
    instances: Number(instances),
    executions: Number(executions),
    steps: Number(steps),
    quarantined: Number(quarantined),
  }
}

/**
 * Locks: the owners, whom the end of a frozen process may hold, then its workers, then the rest. What is not named here
 * cascades: our tables let Spring delete its rows, which do not.
 */
async function deleteInstances(run: RunSql, tables: TableNames, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const executions = `select job_execution_id from ${tables.jobExecution} where job_instance_id = any($1::bigint[])`
  const steps = `select step_execution_id from ${tables.stepExecution} where job_execution_id in (${executions})`
  for (const table of [tables.owner, tables.partitionWorker, tables.heartbeat])
    await run(`delete from ${table} where job_execution_id in (${executions})`, [ids])
  await run(`delete from ${tables.stepContext} where step_execution_id in (${steps})`, [ids])
  for (const table of [tables.stepExecution, tables.params, tables.jobContext])
    await run(`delete from ${table} where job_execution_id in (${executions})`, [ids])
  for (const table of [tables.jobExecution, tables.jobInstance])
    await run(`delete from ${table} where job_instance_id = any($1::bigint[])`, [ids])
}
