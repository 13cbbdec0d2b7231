/** Who works on the partitions of an execution, and how the partitions of those that are gone are taken from them. */
import { randomUUID } from 'node:crypto'
import { cutText } from '../../core/model/error-description.ts'
import type { OwnerIdentity } from '../../core/model/execution-owner.ts'
import { EXIT_DESCRIPTION_LIMIT } from '../../core/model/exit-status.ts'
import type { Claim, HeartbeatAnswer } from '../../core/ports/lease.ts'
import type { Retired, Retirement } from '../../core/ports/partition-store.ts'
import { explainRefusal, fenceSql, proofSql, type RunSql, whileFenced } from './fence.ts'
import { decodeStatus } from './rows.ts'
import { LIVE, UTC_NOW } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

/** Locks: owner (shared). */
export async function beginWorker(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  worker: OwnerIdentity,
  leaseMilliseconds: number | null,
): Promise<string> {
  const workerId = randomUUID()
  const text = `with ${fenceSql(tables)}, worker as (
      insert into ${tables.partitionWorker} (job_execution_id, worker_id, lease_expires_at, host, pid, boot_id,
        pid_namespace, process_start, since, heartbeat_at)
        select $1, $3, clock_timestamp() + $4::float8 * interval '1 millisecond', $5, $6, $7, $8, $9,
            clock_timestamp(), clock_timestamp()
          from fence
        returning 1
    )
    select ${proofSql('worker')}`
  const { host, pid, bootId, pidNamespace, processStart } = worker
  const identity = [host, pid, bootId, pidNamespace, processStart]
  const values = [claim.jobExecutionId, claim.generation, workerId, leaseMilliseconds, ...identity]
  await whileFenced(
    () => run(text, values),
    () => explainRefusal(run, tables, claim),
  )
  return workerId
}

/** Waits for no commit. A worker whose lease has run out, but whom nobody has given up, may still renew it. */
export async function beatWorker(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  workerId: string,
  leaseMilliseconds: number,
): Promise<HeartbeatAnswer> {
  const [row] = await run<{ jobStatus: string | null }>(
    `with beat as (
      update ${tables.partitionWorker} w set heartbeat_at = clock_timestamp(),
        lease_expires_at = clock_timestamp() + $4::float8 * interval '1 millisecond'
        from ${tables.owner} o
        where w.worker_id = $3 and w.retired_at is null
          and o.job_execution_id = $1 and o.generation = $2 and w.job_execution_id = o.job_execution_id
        returning w.job_execution_id
    )
    select e.status as "jobStatus" from beat left join ${tables.jobExecution} e using (job_execution_id)`,
    [claim.jobExecutionId, claim.generation, workerId, leaseMilliseconds],
  )
  return row === undefined ? { lease: 'lost' } : { lease: 'held', jobStatus: decodeStatus(row.jobStatus) }
}

/**
 * Ends the sessions first: a frozen worker may hold its step's row, and only the end of its session frees it. A partition
 * whose end came in meanwhile keeps it. One that a worker claimed at the very moment in which it was given up is found
 * by the next call, for it has a worker that is retired.
 * Locks: owner (shared), the workers, their steps, their partitions.
 */
export async function retireWorkers(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  { planId, workers, reason, attempts }: Retirement,
): Promise<Retired> {
  const workerId = workers === 'expired' ? null : workers.workerId
  const description = cutText(reason, EXIT_DESCRIPTION_LIMIT)
  const values = [claim.jobExecutionId, claim.generation, planId, workerId, description, attempts]
  const [row] = await whileFenced(
    () => run<{ workerIds: string[] | null; reopened: string }>(retireSql(tables), values),
    () => explainRefusal(run, tables, claim),
  )
  return { workerIds: row?.workerIds ?? [], reopened: Number(row?.reopened) }
}

function retireSql(tables: TableNames): string {
  return `with ${fenceSql(tables)}, gone as materialized (
      select worker_id from ${tables.partitionWorker}
        where job_execution_id = $1 and retired_at is null and exists (select 1 from fence)
          and (worker_id = $4::uuid or ($4::uuid is null and lease_expires_at < clock_timestamp()))
        for update
    ), taken as materialized (
      select p.ordinal, p.step_execution_id from ${tables.partition} p
        join ${tables.partitionWorker} w using (worker_id)
        where p.plan_id = $3 and p.status = 'STARTED' and exists (select 1 from fence)
          and (w.retired_at is not null or w.worker_id in (select worker_id from gone))
    ), ended as materialized (
      select pg_terminate_backend(b.backend_pid)
        from taken
        join ${tables.backend} b on b.step_execution_id = taken.step_execution_id
        cross join lateral pg_stat_get_activity(b.backend_pid) a
        where a.backend_start = b.backend_start and pg_has_role(a.usesysid, 'usage')
    ), steps as (
      update ${tables.stepExecution} s set status = 'FAILED', exit_code = 'FAILED', exit_message = $5,
        version = version + 1, end_time = ${UTC_NOW}, last_updated = ${UTC_NOW}
        from taken
        where s.step_execution_id = taken.step_execution_id and s.status in ${LIVE} and (select count(*) from ended) >= 0
        returning s.step_execution_id
    ), backends as (
      delete from ${tables.backend} where step_execution_id in (select step_execution_id from steps)
    ), opened as (
      update ${tables.partition} p set worker_id = null, status = case when (
          select count(*) from ${tables.partitionExecution} x
            join ${tables.stepExecution} e on e.step_execution_id = x.step_execution_id and e.job_execution_id = $1
            where x.plan_id = p.plan_id and x.ordinal = p.ordinal
        ) < $6::bigint then 'STARTING' else 'FAILED' end
        from steps where p.step_execution_id = steps.step_execution_id
        returning p.status
    ), retired as (
      update ${tables.partitionWorker} set retired_at = clock_timestamp()
        where worker_id in (select worker_id from gone)
        returning worker_id
    )
    select ${proofSql('fence')}, (select array_agg(worker_id::text) from retired) as "workerIds",
      (select count(*) from opened where status = 'STARTING') as "reopened"`
}
