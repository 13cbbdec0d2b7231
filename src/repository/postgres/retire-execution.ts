/** Takes an execution from its owner, so that a launch can continue it. */
import { cutText } from '../../core/model/error-description.ts'
import { EXIT_DESCRIPTION_LIMIT } from '../../core/model/exit-status.ts'
import type { RunSql } from './fence.ts'
import { LIVE, UTC_NOW } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

/**
 * Ends the Postgres sessions of its steps (told by pid and start, since pids are used again), then raises the
 * generation. The order matters: a frozen owner may hold the fence, and only the end of its session frees the row that
 * the update waits for. Sessions of a role that we may not signal are left to their own timeouts.
 * Locks: the owner row, until the end of the launch.
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

/**
 * Closes the execution, if it is still live, and its running steps as FAILED. Versions go up, so that a process of
 * Spring's that still works on them is refused at its next update.
 * @returns false when the execution has ended in the meantime; then only steps and sessions were tidied up.
 */
export async function closeAsFailed(
  run: RunSql,
  tables: TableNames,
  jobExecutionId: string,
  reason: string,
): Promise<boolean> {
  const failed = `status = 'FAILED', exit_code = 'FAILED', exit_message = $2, version = coalesce(version, 0) + 1,
        end_time = ${UTC_NOW}, last_updated = ${UTC_NOW}`
  const running = `job_execution_id = $1 and status in ${LIVE}`
  const [answer] = await run<{ closed: string }>(
    `with job as (update ${tables.jobExecution} set ${failed} where ${running} returning 1),
    steps as (update ${tables.stepExecution} set ${failed} where ${running}),
    backends as (delete from ${tables.backend} where job_execution_id = $1),
    lease as (update ${tables.heartbeat} set lease_expires_at = least(lease_expires_at, clock_timestamp())
      where job_execution_id = $1)
    select count(*) as "closed" from job`,
    [jobExecutionId, cutText(reason, EXIT_DESCRIPTION_LIMIT)],
  )
  return answer?.closed === '1'
}
