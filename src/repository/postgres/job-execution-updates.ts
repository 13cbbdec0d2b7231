/** What happens to an execution between its launch and its end. */
import type { ClientBase } from 'pg'
import type { DataSource } from 'typeorm'
import { endedEvent } from '../../core/model/batch-event.ts'
import { cutText } from '../../core/model/error-description.ts'
import { EXIT_CODE_LIMIT, EXIT_DESCRIPTION_LIMIT, type ExitStatus } from '../../core/model/exit-status.ts'
import type { JobEnd } from '../../core/ports/job-repository.ts'
import type { Claim } from '../../core/ports/lease.ts'
import { contextColumns } from './context-columns.ts'
import { explainRefusal, fenceSql, proofSql, type RunSql, whileFenced } from './fence.ts'
import { requesterColumn } from './operator-actions.ts'
import { isConnectionLoss } from './postgres-errors.ts'
import { LIVE, UTC_NOW } from './sql-words.ts'
import { endNow } from './step-connection.ts'
import type { TableNames } from './table-names.ts'

/**
 * STARTING → STARTED, and the event of it, also where it is said again because the answer was lost. One that was asked to stop
 * before it began stays STOPPING. Locks: owner (shared), then the job.
 */
export async function startJobExecution(run: RunSql, tables: TableNames, claim: Claim): Promise<void> {
  const text = `with ${fenceSql(tables)}, job as (
      update ${tables.jobExecution} set
        status = case status when 'STARTING' then 'STARTED' else status end,
        start_time = ${UTC_NOW}, last_updated = ${UTC_NOW}, version = version + 1
        where job_execution_id = $1 and exists (select 1 from fence)
        returning status
    ), event as (
      insert into ${tables.event} (event_type, job_execution_id, status)
        select 'execution.started', $1, status from job where not exists (
          select 1 from ${tables.event} where job_execution_id = $1 and event_type = 'execution.started')
    )
    select ${proofSql('job')}`
  await whileFenced(
    () => run(text, [claim.jobExecutionId, claim.generation]),
    () => explainRefusal(run, tables, claim),
  )
}

/**
 * The end, its event, the job's context, no more backends, and a lease that is over; the owner row stays, to say who ran it.
 * Locks: owner (shared), then the job.
 */
export async function endJobExecution(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  end: JobEnd,
): Promise<void> {
  const { shortContext, serializedContext } = contextColumns(end.executionContext)
  const text = `with ${fenceSql(tables)}, job as (
      update ${tables.jobExecution} set status = $3, exit_code = $4, exit_message = $5,
        end_time = ${UTC_NOW}, last_updated = ${UTC_NOW}, version = version + 1
        where job_execution_id = $1 and exists (select 1 from fence)
        returning 1
    ), context as (
      update ${tables.jobContext} set short_context = $6, serialized_context = $7
        where job_execution_id = $1 and exists (select 1 from job)
        returning 1
    ), lease as (
      update ${tables.heartbeat} set lease_expires_at = heartbeat_at
        where job_execution_id = $1 and exists (select 1 from job)
    ), backends as (
      delete from ${tables.backend} where job_execution_id = $1 and exists (select 1 from job)
    ), event as (
      insert into ${tables.event} (event_type, job_execution_id, status) select $8, $1, $3 from job
    )
    select ${proofSql('context')}`
  const values = [claim.jobExecutionId, claim.generation, end.status, ...exitColumns(end.exitStatus)]
  await whileFenced(
    () => run(text, [...values, shortContext, serializedContext, endedEvent(end.status)]),
    () => explainRefusal(run, tables, claim),
  )
}

/** Whether that end is written already: asked when the answer to `endJobExecution` was lost. No locks. */
export async function hasEndedSo(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  end: JobEnd,
): Promise<boolean> {
  const rows = await run(
    `select 1 from ${tables.jobExecution} e
      join ${tables.owner} o on o.job_execution_id = e.job_execution_id and o.generation = $2
      where e.job_execution_id = $1 and e.end_time is not null
        and e.status = $3 and e.exit_code = $4 and e.exit_message = $5`,
    [claim.jobExecutionId, claim.generation, end.status, ...exitColumns(end.exitStatus)],
  )
  return rows.length === 1
}

/**
 * Spring's way: the status and a version more. No end time, which is the owner's to write. One that ends as STOPPED between the two
 * conditions is told as not live; asked again, it is found.
 */
export async function requestStop(
  run: RunSql,
  tables: TableNames,
  jobExecutionId: string,
  by: string,
): Promise<boolean> {
  const rows = await run(
    `with stopping as (
      update ${tables.jobExecution} set status = 'STOPPING', version = coalesce(version, 0) + 1,
        last_updated = ${UTC_NOW}
        where job_execution_id = $1 and status in ${LIVE}
        returning 1
    ), noted as (
      insert into ${tables.action} (job_execution_id, action, requested_at, requested_by)
        select $1, 'stop', clock_timestamp(), $2 where exists (select 1 from stopping)
          or exists (select 1 from ${tables.jobExecution} where job_execution_id = $1 and status = 'STOPPED')
          and exists (select 1 from ${tables.action} where job_execution_id = $1 and action = 'interrupt')
          and not exists (select 1 from ${tables.action} where job_execution_id = $1 and action = 'stop')
        returning 1
    )
    select 1 from noted`,
    [jobExecutionId, requesterColumn(by)],
  )
  return rows.length === 1
}

/** Exit code and description as the columns can hold them: what is too long is cut, with a mark. */
export function exitColumns({ exitCode, exitDescription }: ExitStatus): readonly [string, string] {
  return [cutText(exitCode, EXIT_CODE_LIMIT), cutText(exitDescription, EXIT_DESCRIPTION_LIMIT)]
}

/**
 * Each statement on any connection of the source, committed by itself. One that is not answered within its patience (the
 * source's own, where none is given) rejects, and its connection is thrown away, or others would wait behind it.
 */
export function autocommit(source: DataSource, patienceMilliseconds?: number): RunSql {
  return async <R>(text: string, values: readonly unknown[]) => {
    await using runner = source.createQueryRunner()
    const client = (await runner.connect()) as ClientBase
    const statement = { text, values: [...values], query_timeout: patienceMilliseconds }
    try {
      const { rows } = await client.query<Record<string, unknown>>(statement)
      return rows as R[]
    } catch (error) {
      if (isConnectionLoss(error)) endNow(client)
      throw error
    }
  }
}
