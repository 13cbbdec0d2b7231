/** The statements of a worker's claim: the next open partition becomes a step execution of its own. */
import { begunStep, type StepExecution } from '../../core/model/step-execution.ts'
import { partitionStepName } from '../../core/model/partition.ts'
import type { Claim } from '../../core/ports/lease.ts'
import type { PartitionClaim } from '../../core/ports/partition-store.ts'
import { THIS_BACKEND } from './begin-step.ts'
import { decodeContextColumns } from './context-columns.ts'
import type { CountColumns } from './entities.ts'
import { fenceSql, proofSql, type RunSql } from './fence.ts'
import { countColumns } from './job-execution-rows.ts'
import { UTC_NOW } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

export type ClaimedRow = {
  readonly id: string
  readonly milliseconds: string
  readonly name: string
  readonly value: string
  readonly shortContext: string
  readonly serializedContext: string | null
} & CountColumns

/** No locks. */
export async function drawStepId(run: RunSql, tables: TableNames): Promise<string> {
  const [row] = await run<{ id: string }>(`select nextval(${tables.stepExecutionSeq}) as "id"`, [])
  return (row as { id: string }).id
}

/** Becomes the step execution `id`. Undefined where nothing is open. */
export async function takeNext(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  { planId, stepName, workerId }: PartitionClaim,
  id: string,
): Promise<ClaimedRow | undefined> {
  const stepPrefix = partitionStepName(stepName, '')
  const values = [claim.jobExecutionId, claim.generation, planId, workerId, stepPrefix, id]
  const [row] = await run<ClaimedRow | { readonly id: null }>(claimSql(tables), values)
  return row === undefined || row.id === null ? undefined : row
}

/**
 * Locks: owner (shared), the worker (shared, so that it is not given up meanwhile), then the partition; one that somebody
 * else is just claiming is passed over. The context is that of the partition's last execution.
 */
function claimSql(tables: TableNames): string {
  return `with ${fenceSql(tables)}, worker as materialized (
      select 1 from ${tables.partitionWorker}
        where worker_id = $4 and retired_at is null and exists (select 1 from fence) for share
    ), picked as materialized (
      select plan_id, ordinal, name, value, step_execution_id as previous from ${tables.partition}
        where plan_id = $3 and status = 'STARTING' and exists (select 1 from worker)
        order by ordinal limit 1 for update skip locked
    ), step as (
      insert into ${tables.stepExecution} (step_execution_id, version, step_name, job_execution_id, create_time,
        start_time, status, commit_count, read_count, filter_count, write_count, read_skip_count, write_skip_count,
        process_skip_count, rollback_count, exit_code, exit_message, last_updated)
        select $6::bigint, 0, $5::text || picked.name, $1, now.at, now.at, 'STARTED',
            0, 0, 0, 0, 0, 0, 0, 0, 'EXECUTING', '', now.at
          from picked, (select ${UTC_NOW} as at) now
        returning step_execution_id, create_time
    ), context as (
      insert into ${tables.stepContext} (step_execution_id, short_context, serialized_context)
        select step.step_execution_id, coalesce(c.short_context, '{}'), c.serialized_context
          from step cross join picked left join ${tables.stepContext} c on c.step_execution_id = picked.previous
        returning short_context, serialized_context
    ), taken as (
      update ${tables.partition} p set status = 'STARTED', worker_id = $4, step_execution_id = step.step_execution_id
        from picked, step where p.plan_id = picked.plan_id and p.ordinal = picked.ordinal
    ), noted as (
      insert into ${tables.partitionExecution} (step_execution_id, plan_id, ordinal, worker_id)
        select step.step_execution_id, picked.plan_id, picked.ordinal, $4 from step, picked
    ), backend as (
      insert into ${tables.backend} (step_execution_id, job_execution_id, backend_pid, backend_start)
        select step_execution_id, $1, pg_backend_pid(), ${THIS_BACKEND} from step
    ), earlier as (
      select ${countColumns((column) => `sum(e.${column})`, '')}
        from picked
        join ${tables.partitionExecution} x on x.plan_id = picked.plan_id and x.ordinal = picked.ordinal
        join ${tables.stepExecution} e on e.step_execution_id = x.step_execution_id
    )
    select ${proofSql('worker')}, (select step_execution_id from step) as "id",
      (select trunc(extract(epoch from create_time) * 1000) from step)::text as "milliseconds",
      picked.name, picked.value, context.short_context as "shortContext",
      context.serialized_context as "serializedContext", earlier.*
      from (select) one left join picked on true left join context on true left join earlier on true`
}

/** What a claim has taken, if it was done and its worker was not given up since. No locks. */
export async function findClaimed(
  run: RunSql,
  tables: TableNames,
  id: string,
): Promise<ClaimedRow | undefined> {
  const [row] = await run<ClaimedRow>(
    `select s.step_execution_id as "id", trunc(extract(epoch from s.create_time) * 1000)::text as "milliseconds",
      p.name, p.value, c.short_context as "shortContext", c.serialized_context as "serializedContext", earlier.*
      from ${tables.partition} p
      join ${tables.stepExecution} s on s.step_execution_id = p.step_execution_id
      join ${tables.stepContext} c on c.step_execution_id = s.step_execution_id
      cross join lateral (
        select ${countColumns((column) => `sum(e.${column})`, '')}
          from ${tables.partitionExecution} x
          join ${tables.stepExecution} e on e.step_execution_id = x.step_execution_id
          where x.plan_id = p.plan_id and x.ordinal = p.ordinal
      ) earlier
      where p.step_execution_id = $1 and p.status = 'STARTED'`,
    [id],
  )
  return row
}

export function stepExecutionOf(
  row: ClaimedRow,
  { jobExecutionId }: Claim,
  { stepName }: PartitionClaim,
): StepExecution {
  return begunStep({
    id: row.id,
    jobExecutionId,
    stepName: partitionStepName(stepName, row.name),
    at: new Date(Number(row.milliseconds)),
    executionContext: decodeContextColumns(row),
  })
}
