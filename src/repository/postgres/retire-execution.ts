/** Takes an execution from its owner, so that a launch can continue it, or an operator can end it. */
import { closedEvent, type ExecutionEventType } from '../../core/model/batch-event.ts'
import { BATCH_STATUSES, type BatchStatus, isLive, LIVE_STATUSES } from '../../core/model/batch-status.ts'
import { cutText } from '../../core/model/error-description.ts'
import { EXIT_DESCRIPTION_LIMIT } from '../../core/model/exit-status.ts'
import type { RunSql } from './fence.ts'
import { requesterColumn } from './operator-actions.ts'
import { COUNT_KINDS, LIVE, OPEN, UTC_NOW } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

/**
 * Ends the Postgres sessions of its steps (told by pid and start, since pids are used again), then raises the
 * generation. The order matters: a frozen owner may hold the fence, and only the end of its session frees the row that
 * the update waits for. Sessions of a role that we may not signal are left to their own timeouts.
 * Locks: the owner row, until the end of the transaction.
 */
export async function fenceOff(run: RunSql, tables: TableNames, jobExecutionId: string): Promise<void> {
  await run(
    `with ended as materialized (
      select pg_terminate_backend(b.backend_pid)
        from ${tables.backend} b
        cross join lateral pg_stat_get_activity(b.backend_pid) a
        where b.job_execution_id = $1 and a.backend_start = b.backend_start and pg_has_role(a.usesysid, 'usage')
    )
    update ${tables.owner} set generation = generation + 1
      where job_execution_id = $1 and (select count(*) from ended) >= 0`,
    [jobExecutionId],
  )
}

export interface Closing {
  readonly jobExecutionId: string
  readonly reason: string
  /** Null: not recorded as anybody's action. */
  readonly by: string | null
}

/**
 * Closes the execution, if it is still live, and its running steps as FAILED. Versions go up, so that a process of
 * Spring's that still works on them is refused at its next update.
 * @returns false when the execution has ended in the meantime; then only steps and sessions were tidied up.
 */
export function closeAsFailed(run: RunSql, tables: TableNames, closing: Closing): Promise<boolean> {
  const event = 'execution.stale'
  return close(run, tables, closing, {
    from: LIVE_STATUSES,
    status: 'FAILED',
    event,
    steps: `status in ${LIVE}`,
  })
}

/**
 * The same for an operator: from the status that he has judged, and with steps whose outcome is UNKNOWN. An execution
 * that has FAILED stays as it ended.
 * @returns false when its status has changed in the meantime.
 */
export function closeJudged(
  run: RunSql,
  tables: TableNames,
  closing: Closing,
  judged: BatchStatus,
  status: 'FAILED' | 'STOPPED',
): Promise<boolean> {
  const from = isLive(judged) ? LIVE_STATUSES : [judged]
  const event = closedEvent(judged, status, closing.by)
  return close(run, tables, closing, { from, status, event, steps: OPEN })
}

interface Change {
  readonly from: readonly BatchStatus[]
  readonly status: 'FAILED' | 'STOPPED'
  /** Null: nothing is told. */
  readonly event: ExecutionEventType | null
  /** The condition of the steps that are closed. */
  readonly steps: string
}

async function close(
  run: RunSql,
  tables: TableNames,
  { jobExecutionId, reason, by }: Closing,
  { from, status, event, steps }: Change,
): Promise<boolean> {
  const unlessFailed = (column: string, value: string): string =>
    `${column} = case status when 'FAILED' then ${column} else ${value} end`
  const ended = `version = coalesce(version, 0) + 1, end_time = coalesce(end_time, ${UTC_NOW}), last_updated = ${UTC_NOW}`
  const [answer] = await run<{ closed: string }>(
    `with job as (update ${tables.jobExecution} set ${unlessFailed('exit_code', '$3')},
        ${unlessFailed('exit_message', '$2')}, status = $3, ${ended}
      where job_execution_id = $1 and (status = any($4::text[])) is not true returning 1),
    steps as (update ${tables.stepExecution} s set status = $3, exit_code = $3, exit_message = $2, ${ended},
        ${partitionSumsSql(tables)}
      where job_execution_id = $1 and ${steps}),
    ${tidySql(tables)},
    noted as (insert into ${tables.action} (job_execution_id, action, requested_at, requested_by)
      select $1, 'recover', clock_timestamp(), $5::text from job where $5::text is not null),
    event as (insert into ${tables.event} (event_type, job_execution_id, status)
      select $6::text, $1, $3 from job where $6::text is not null)
    select count(*) as "closed" from job`,
    [
      jobExecutionId,
      cutText(reason, EXIT_DESCRIPTION_LIMIT),
      status,
      othersThan(from),
      requesterColumn(by),
      event,
    ],
  )
  return answer?.closed === '1'
}

/** @returns false when its status has changed in the meantime. */
export async function markAbandoned(
  run: RunSql,
  tables: TableNames,
  jobExecutionId: string,
  judged: BatchStatus,
  by: string | null,
): Promise<boolean> {
  const ended = `version = coalesce(version, 0) + 1, end_time = coalesce(end_time, ${UTC_NOW}), last_updated = ${UTC_NOW}`
  const [answer] = await run<{ abandoned: string }>(
    `with job as (update ${tables.jobExecution} set status = 'ABANDONED', ${ended}
      where job_execution_id = $1 and (status = any($2::text[])) is not true returning 1),
    steps as (update ${tables.stepExecution} set status = 'FAILED', exit_code = 'FAILED',
        exit_message = 'left open by a job execution that was abandoned', ${ended}
      where job_execution_id = $1 and ${OPEN} and exists (select 1 from job)),
    ${tidySql(tables)},
    noted as (insert into ${tables.action} (job_execution_id, action, requested_at, requested_by)
      select $1, 'abandon', clock_timestamp(), $3::text from job where $3::text is not null),
    event as (insert into ${tables.event} (event_type, job_execution_id, status)
      select 'execution.abandoned', $1, 'ABANDONED' from job)
    select count(*) as "abandoned" from job`,
    [jobExecutionId, othersThan([judged]), requesterColumn(by)],
  )
  return answer?.abandoned === '1'
}

/** No sessions any more, and a lease that is over. */
function tidySql(tables: TableNames): string {
  return `backends as (delete from ${tables.backend} where job_execution_id = $1),
    lease as (update ${tables.heartbeat} set lease_expires_at = least(lease_expires_at, clock_timestamp())
      where job_execution_id = $1)`
}

/** The words that we do not know count as UNKNOWN, so what must not be met is listed, not what may. */
function othersThan(from: readonly BatchStatus[]): readonly BatchStatus[] {
  return BATCH_STATUSES.filter((status) => !from.includes(status))
}

/**
 * A step that was partitioned gets the sums of its partitions in this job execution, which whoever ran it could no longer
 * record. Any other keeps its counts.
 */
function partitionSumsSql(tables: TableNames): string {
  const columns = COUNT_KINDS.map((kind) => `${kind}_count`)
  return `(${columns.join(', ')}) = (
          select ${columns.map((column) => `coalesce(sum(e.${column}), s.${column})`).join(', ')}
            from ${tables.stepExecution} e
            join ${tables.partitionExecution} x on x.step_execution_id = e.step_execution_id
            join ${tables.stepExecution} plan on plan.step_execution_id = x.plan_id
            where e.job_execution_id = $1 and plan.step_name = s.step_name)`
}
