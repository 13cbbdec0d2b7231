/** Takes entries of the quarantine into a batch, so that they are redriven together and by nobody else. */
import { escapeLiteral } from 'pg'
import { REDRIVE_OVER } from '../../core/model/quarantined-item.ts'
import type { RedriveRequest } from '../../core/ports/launch.ts'
import type { RunSql } from './fence.ts'
import { selected } from './quarantine-queries.ts'
import type { TableNames } from './table-names.ts'

export interface ClaimedBatch {
  readonly batchId: string
  readonly items: number
  readonly stepNames: readonly string[]
}

/**
 * Makes a batch of the entries that are due. Locks them, in the order of their ids; what somebody else has taken while we
 * waited for it is left to them: its batch did not exist when this statement began, so it does not count as over.
 * @returns undefined where nothing is due; the caller rolls back.
 */
export async function claimQuarantine(
  run: RunSql,
  tables: TableNames,
  { originJobExecutionId, selection, redrivable }: RedriveRequest,
): Promise<ClaimedBatch | undefined> {
  const condition = selected({ ...selection, jobExecutionId: originJobExecutionId }, 3)
  if (condition === undefined) return undefined
  const over = `(${REDRIVE_OVER.map(escapeLiteral).join(', ')})`
  const [row] = await run<{ batchId: string; items: string; stepNames: readonly string[] }>(
    `with due as materialized (
      select q.quarantine_id from ${tables.quarantine} q
        join ${tables.jobExecution} e on e.job_execution_id = q.job_execution_id
        where ${condition.text} and q.redriven_at is null and q.payload_kind <> 'cut'
          and (q.step_name, q.phase) in (select * from unnest($2::text[], $3::text[]))
          and (q.quarantine_batch_id is null or exists (
            select 1 from ${tables.quarantineBatch} b
              where b.quarantine_batch_id = q.quarantine_batch_id and coalesce((
                select r.status from ${tables.jobExecution} r
                  where r.job_instance_id = b.redrive_job_instance_id order by r.job_execution_id desc limit 1
              ) in ${over}, true)))
        order by q.quarantine_id for update of q
    ), batch as (
      insert into ${tables.quarantineBatch} (origin_job_execution_id, created_at)
        select $1::bigint, clock_timestamp() where exists (select 1 from due)
        returning quarantine_batch_id
    ), claimed as (
      update ${tables.quarantine} q set quarantine_batch_id = batch.quarantine_batch_id
        from due, batch where q.quarantine_id = due.quarantine_id
        returning q.step_name
    )
    select quarantine_batch_id as "batchId", (select count(*) from claimed) as "items",
        (select json_agg(distinct step_name) from claimed) as "stepNames"
      from batch`,
    [
      originJobExecutionId,
      redrivable.map(({ stepName }) => stepName),
      redrivable.map(({ phase }) => phase),
      ...condition.values,
    ],
  )
  return row === undefined ? undefined : { ...row, items: Number(row.items) }
}

/** By which instance the batch is redriven. Locks the batch, which nobody else knows yet. */
export async function nameRedrive(
  run: RunSql,
  tables: TableNames,
  batchId: string,
  jobInstanceId: string,
): Promise<void> {
  await run(
    `update ${tables.quarantineBatch} set redrive_job_instance_id = $2 where quarantine_batch_id = $1`,
    [batchId, jobInstanceId],
  )
}
