/** The rows of the fire ledger, read and written one statement at a time. */
import { FIRE_OUTCOMES, type FireOutcome, type ScheduleFire } from '../../core/model/schedule-fire.ts'
import type { CoveredSpan, FireFilter, RecordedFire } from '../../core/ports/schedule-store.ts'
import type { RunSql } from './fence.ts'
import { decodeInstant, milliseconds } from './instant-column.ts'
import { requesterColumn } from './operator-actions.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import { decodeStatus } from './rows.ts'
import type { TableNames } from './table-names.ts'

/**
 * In the order of slots, so that two that record the same ones never wait in a circle; with one event where they are MISSED.
 * Locks: the rows that it makes.
 */
export async function recordFires(
  run: RunSql,
  tables: TableNames,
  slots: readonly Date[],
  row: RecordedFire,
): Promise<readonly Date[]> {
  const rows = await run<{ slot: string }>(
    `with ${recordedSql(tables, 'true')}
    select ${milliseconds('slot')} as "slot" from recorded order by slot`,
    recordedValues(slots, row),
  )
  return rows.map(({ slot }) => decodeInstant(slot))
}

/** Of two at once the second finds that the schedule was covered further. Locks: the schedule, then the rows that it makes. */
export async function recordFiresUpTo(
  run: RunSql,
  tables: TableNames,
  slots: readonly Date[],
  row: RecordedFire,
  { from, until }: CoveredSpan,
): Promise<readonly Date[] | undefined> {
  const rows = await run<{ isCovered: boolean; slot: string | null }>(
    `with covered as (
      update ${tables.schedule} set covered_until = $8
        where schedule_name = $1 and date_trunc('milliseconds', covered_until) = $7
        returning 1
    ), ${recordedSql(tables, 'exists (select 1 from covered)')}
    select c.is_covered as "isCovered", ${milliseconds('r.slot')} as "slot"
      from (select exists (select 1 from covered) as is_covered) c left join recorded r on true order by r.slot`,
    [...recordedValues(slots, row), from.toISOString(), until.toISOString()],
  )
  if (rows[0]?.isCovered !== true) return undefined
  return rows.flatMap(({ slot }) => (slot === null ? [] : [decodeInstant(slot)]))
}

function recordedSql(tables: TableNames, condition: string): string {
  return `recorded as (
      insert into ${tables.fire} (schedule_name, slot, outcome, fired_by, fired_at, detail)
        select $1, slot, $3, $4, clock_timestamp(), $5 from unnest($2::timestamptz[]) slot where ${condition} order by slot
        on conflict (schedule_name, slot) do nothing
        returning slot
    ), event as (
      insert into ${tables.event} (event_type, schedule_name, job_name, first_slot, last_slot, slots, detail)
        select 'schedule.missed', $1, $6, min(slot), max(slot), count(*), $5 from recorded
          where $3 = 'MISSED' having count(*) > 0
    )`
}

function recordedValues(
  slots: readonly Date[],
  { schedule, jobName, outcome, by, detail }: RecordedFire,
): readonly unknown[] {
  const at = slots.map((slot) => slot.toISOString())
  return [schedule, at, outcome, requesterColumn(by), detail, jobName ?? null]
}

interface FireRow {
  readonly schedule: string
  readonly slot: string
  readonly outcome: string
  readonly jobExecutionId: string | null
  readonly latestId: string | null
  readonly latestStatus: string | null
  readonly firedBy: string
  readonly firedAt: string
  readonly detail: string | null
  readonly maxActive: number | null
}

function selectFires({ fire, jobExecution }: TableNames): string {
  return `select f.schedule_name as "schedule", ${milliseconds('f.slot')} as "slot", f.outcome,
      f.job_execution_id as "jobExecutionId", latest.job_execution_id as "latestId", latest.status as "latestStatus",
      f.fired_by as "firedBy", ${milliseconds('f.fired_at')} as "firedAt", f.detail, f.max_active as "maxActive"
    from ${fire} f
    left join lateral (
      select l.job_execution_id, l.status from ${jobExecution} e
        join ${jobExecution} l on l.job_instance_id = e.job_instance_id
        where e.job_execution_id = f.job_execution_id order by l.job_execution_id desc limit 1
    ) latest on true`
}

/** No locks. */
export async function listFires(
  run: RunSql,
  tables: TableNames,
  { schedule, outcomes, after, until, order, limit }: FireFilter,
): Promise<readonly ScheduleFire[]> {
  const rows = await run<FireRow>(
    `${selectFires(tables)}
      where ($1::text is null or f.schedule_name = $1) and ($2::text[] is null or f.outcome = any($2))
        and ($3::timestamptz is null or f.slot > $3) and ($4::timestamptz is null or f.slot <= $4)
      order by f.slot ${order === 'oldest-first' ? 'asc' : 'desc'}, f.schedule_name limit $5`,
    [schedule ?? null, outcomes ?? null, after?.toISOString() ?? null, until?.toISOString() ?? null, limit],
  )
  return rows.map(decodeFire)
}

/** One look down the key for each. No locks. */
export async function listLatestFires(
  run: RunSql,
  tables: TableNames,
  schedules: readonly string[],
): Promise<readonly ScheduleFire[]> {
  const rows = await run<FireRow>(
    `select latest_fire.* from unnest($1::text[]) with ordinality asked(name, place)
      cross join lateral (${selectFires(tables)}
        where f.schedule_name = asked.name order by f.slot desc limit 1) latest_fire
      order by asked.place`,
    [schedules],
  )
  return rows.map(decodeFire)
}

/** Down the index on queued slots. No locks. */
export async function listQueued(
  run: RunSql,
  tables: TableNames,
  schedules: readonly string[],
  limit: number,
): Promise<readonly ScheduleFire[]> {
  const rows = await run<FireRow>(
    `select queued.* from unnest($1::text[]) with ordinality asked(name, place)
      cross join lateral (${selectFires(tables)}
        where f.schedule_name = asked.name and f.outcome = 'QUEUED'
        order by (f.max_active is not null), f.slot limit $2) queued
      order by asked.place`,
    [schedules, limit],
  )
  return rows.map(decodeFire)
}

/** No locks. */
export async function findFire(
  run: RunSql,
  tables: TableNames,
  schedule: string,
  slot: Date,
): Promise<ScheduleFire | undefined> {
  const rows = await run<FireRow>(`${selectFires(tables)} where f.schedule_name = $1 and f.slot = $2`, [
    schedule,
    slot.toISOString(),
  ])
  return rows.map(decodeFire)[0]
}

/** No locks. */
export async function findFireOfInstance(
  run: RunSql,
  tables: TableNames,
  jobInstanceId: string,
): Promise<ScheduleFire | undefined> {
  if (!isRecordId(jobInstanceId)) return undefined
  const rows = await run<FireRow>(
    `${selectFires(tables)}
      where f.job_execution_id in (select job_execution_id from ${tables.jobExecution} where job_instance_id = $1)
      order by f.slot limit 1`,
    [jobInstanceId],
  )
  return rows.map(decodeFire)[0]
}

function decodeFire(row: FireRow): ScheduleFire {
  const { schedule, slot, jobExecutionId, latestId, latestStatus, firedBy, firedAt, detail, maxActive } = row
  return {
    schedule,
    slot: decodeInstant(slot),
    outcome: decodeOutcome(row.outcome),
    jobExecutionId,
    latest: latestId === null ? null : { jobExecutionId: latestId, status: decodeStatus(latestStatus) },
    firedBy,
    firedAt: decodeInstant(firedAt),
    detail,
    maxActive,
  }
}

/** A later version's word for something is shown as what asks for a look. */
function decodeOutcome(text: string): FireOutcome {
  return FIRE_OUTCOMES.find((one) => one === text) ?? 'REFUSED'
}
