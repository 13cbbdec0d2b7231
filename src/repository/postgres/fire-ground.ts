/** What a fire is decided by: how the job stands, and what waits and went before on its schedule. */
import type { FireRequest, LiveExecution, PreviousFire } from '../../core/ports/schedule-store.ts'
import type { RunSql } from './fence.ts'
import { decodeInstant, milliseconds } from './instant-column.ts'
import { decodeFlatSummary, type FlatSummary, summaryColumns, summaryJoins } from './job-execution-rows.ts'
import { decodeStatus } from './rows.ts'
import { LIVE } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

interface LiveRow extends FlatSummary {
  readonly isBackfill: boolean
}

/** Found down the index on live executions, of which there are few. No locks. */
export async function liveExecutions(
  run: RunSql,
  tables: TableNames,
  jobName: string,
): Promise<readonly LiveExecution[]> {
  const rows = await run<LiveRow>(
    `select ${summaryColumns(tables)}, exists (select 1 from ${tables.fire} f
        where f.job_execution_id = e.job_execution_id and f.max_active is not null) as "isBackfill"
      from ${tables.jobExecution} e
      ${summaryJoins(tables)}
      where i.job_name = $1 and e.status in ${LIVE} order by e.job_execution_id`,
    [jobName],
  )
  return rows.map((row) => {
    const { id, status, owner } = decodeFlatSummary(row)
    return { id, status, owner, isBackfill: row.isBackfill }
  })
}

/** No locks. */
export async function queuedSlots(
  run: RunSql,
  tables: TableNames,
  { schedule, slot }: FireRequest,
): Promise<readonly Date[]> {
  const rows = await run<{ slot: string }>(
    `select ${milliseconds('slot')} as "slot" from ${tables.fire}
      where schedule_name = $1 and outcome = 'QUEUED' and max_active is null and slot <> $2 order by slot`,
    [schedule, slot.toISOString()],
  )
  return rows.map((row) => decodeInstant(row.slot))
}

/** No locks. */
export async function previousFire(
  run: RunSql,
  tables: TableNames,
  { schedule, slot }: FireRequest,
): Promise<PreviousFire | undefined> {
  const [row] = await run<{ slot: string; id: string; status: string; endTime: string | null }>(
    `select ${milliseconds('f.slot')} as "slot", latest.id, latest.status, latest.ended as "endTime"
      from ${tables.fire} f
      cross join lateral (
        select l.job_execution_id::text as id, l.status, ${milliseconds('l.end_time')} as ended
          from ${tables.jobExecution} e join ${tables.jobExecution} l on l.job_instance_id = e.job_instance_id
          where e.job_execution_id = f.job_execution_id order by l.job_execution_id desc limit 1
      ) latest
      where f.schedule_name = $1 and f.slot < $2 and f.outcome = 'FIRED' order by f.slot desc limit 1`,
    [schedule, slot.toISOString()],
  )
  if (row === undefined) return undefined
  return {
    slot: decodeInstant(row.slot),
    jobExecutionId: row.id,
    status: decodeStatus(row.status),
    endTime: decodeInstant(row.endTime),
  }
}
