/** The rows of schedules and of the fire ledger, read and written one statement at a time. */
import { REQUESTER_LIMIT } from '../../core/model/operator-action.ts'
import { cutText } from '../../core/model/error-description.ts'
import {
  FIRE_OUTCOMES,
  type FireOutcome,
  type ScheduleFire,
  type ScheduleState,
} from '../../core/model/schedule-fire.ts'
import type {
  CoveredSpan,
  FireFilter,
  PauseRequest,
  QueuedBackfill,
  RecordedFire,
} from '../../core/ports/schedule-store.ts'
import type { RunSql } from './fence.ts'
import { isId } from './queries.ts'
import { decodeStatus } from './rows.ts'
import type { TableNames } from './table-names.ts'

/** Times are answered in milliseconds, because a given data source may read them in any form. */
const milliseconds = (column: string): string => `trunc(extract(epoch from ${column}) * 1000)::text`

interface StateRow {
  readonly schedule: string
  readonly registeredAt: string
  readonly coveredUntil: string
  readonly pausedAt: string | null
  readonly pausedBy: string | null
  readonly note: string | null
  readonly resumedAt: string | null
}

const STATE = `schedule_name as "schedule", ${milliseconds('registered_at')} as "registeredAt",
  ${milliseconds('covered_until')} as "coveredUntil", ${milliseconds('paused_at')} as "pausedAt",
  paused_by as "pausedBy", pause_note as "note", ${milliseconds('resumed_at')} as "resumedAt"`

/** Locks: the rows that it makes. */
export async function registerSchedules(
  run: RunSql,
  tables: TableNames,
  schedules: readonly string[],
  at: Date,
): Promise<readonly ScheduleState[]> {
  await run(
    `insert into ${tables.schedule} (schedule_name, registered_at, covered_until)
      select name, $2, $2 from unnest($1::text[]) name on conflict (schedule_name) do nothing`,
    [schedules, at.toISOString()],
  )
  const rows = await run<StateRow>(
    `select ${STATE} from ${tables.schedule} where schedule_name = any($1) order by array_position($1, schedule_name::text)`,
    [schedules],
  )
  return rows.map(decodeState)
}

/** No locks. */
export async function listStates(run: RunSql, tables: TableNames): Promise<readonly ScheduleState[]> {
  const rows = await run<StateRow>(`select ${STATE} from ${tables.schedule} order by schedule_name`, [])
  return rows.map(decodeState)
}

/** Held until the transaction ends, so that a pause comes before a fire or after it. Locks: the schedule (shared). */
export async function shareState(
  run: RunSql,
  tables: TableNames,
  schedule: string,
): Promise<ScheduleState | undefined> {
  const rows = await run<StateRow>(
    `select ${STATE} from ${tables.schedule} where schedule_name = $1 for share`,
    [schedule],
  )
  return rows.map(decodeState)[0]
}

/** Locks: the schedule. */
export async function pauseSchedule(
  run: RunSql,
  tables: TableNames,
  schedule: string,
  { by, note, at }: PauseRequest,
): Promise<ScheduleState> {
  const [row] = await run<StateRow>(
    `insert into ${tables.schedule} as s (schedule_name, registered_at, covered_until, paused_at, paused_by, pause_note)
      values ($1, $2, $2, $2, $3, $4)
      on conflict (schedule_name) do update
        set paused_at = coalesce(s.paused_at, excluded.paused_at), paused_by = $3, pause_note = $4
      returning ${STATE}`,
    [schedule, at.toISOString(), cutText(by, REQUESTER_LIMIT), note],
  )
  return decodeState(row as StateRow)
}

/** Locks: the schedule. */
export async function resumeSchedule(
  run: RunSql,
  tables: TableNames,
  schedule: string,
  at: Date,
): Promise<ScheduleState> {
  const [row] = await run<StateRow>(
    `insert into ${tables.schedule} (schedule_name, registered_at, covered_until) values ($1, $2, $2)
      on conflict (schedule_name) do update set paused_at = null, paused_by = null, pause_note = null,
        resumed_at = clock_timestamp()
      returning ${STATE}`,
    [schedule, at.toISOString()],
  )
  return decodeState(row as StateRow)
}

/** Unless it is paused already. Locks: the schedule. */
export async function pauseByFire(
  run: RunSql,
  tables: TableNames,
  schedule: string,
  note: string,
): Promise<void> {
  await run(
    `update ${tables.schedule} set paused_at = clock_timestamp(), paused_by = $2, pause_note = $3
      where schedule_name = $1 and paused_at is null`,
    [schedule, cutText(`schedule ${schedule}`, REQUESTER_LIMIT), note],
  )
}

/** Locks: the schedule. */
export async function coverSchedule(
  run: RunSql,
  tables: TableNames,
  schedule: string,
  until: Date,
): Promise<void> {
  await run(
    `update ${tables.schedule} set covered_until = $2 where schedule_name = $1 and covered_until < $2`,
    [schedule, until.toISOString()],
  )
}

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
  return rows.map(({ slot }) => new Date(Number(slot)))
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
  return rows.flatMap(({ slot }) => (slot === null ? [] : [new Date(Number(slot))]))
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
  return [schedule, at, outcome, cutText(by, REQUESTER_LIMIT), detail, jobName ?? null]
}

/** In the order of slots, as `recordFires`. Locks: the rows that it makes, or changes. */
export async function queueFires(
  run: RunSql,
  tables: TableNames,
  slots: readonly Date[],
  { schedule, by, detail, replaces, maxActive }: QueuedBackfill,
): Promise<readonly Date[]> {
  const rows = await run<{ slot: string }>(
    `insert into ${tables.fire} as f (schedule_name, slot, outcome, fired_by, fired_at, detail, max_active)
      select $1, slot, 'QUEUED', $3, clock_timestamp(), $4, $5 from unnest($2::timestamptz[]) slot order by slot
      on conflict (schedule_name, slot) do update set outcome = 'QUEUED', fired_by = excluded.fired_by,
        fired_at = excluded.fired_at, detail = excluded.detail, max_active = excluded.max_active
        where f.outcome = any($6)
      returning ${milliseconds('slot')} as "slot"`,
    [
      schedule,
      slots.map((slot) => slot.toISOString()),
      cutText(by, REQUESTER_LIMIT),
      detail,
      maxActive,
      [...replaces],
    ],
  )
  return rows.map(({ slot }) => new Date(Number(slot)))
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
  if (!isId(jobInstanceId)) return undefined
  const rows = await run<FireRow>(
    `${selectFires(tables)}
      where f.job_execution_id in (select job_execution_id from ${tables.jobExecution} where job_instance_id = $1)
      order by f.slot limit 1`,
    [jobInstanceId],
  )
  return rows.map(decodeFire)[0]
}

function decodeState(row: StateRow): ScheduleState {
  const { schedule, registeredAt, coveredUntil, pausedAt, pausedBy, note, resumedAt } = row
  return {
    schedule,
    registeredAt: new Date(Number(registeredAt)),
    coveredUntil: new Date(Number(coveredUntil)),
    pause: pausedAt === null ? null : { by: pausedBy ?? '', note, since: new Date(Number(pausedAt)) },
    resumedAt: resumedAt === null ? null : new Date(Number(resumedAt)),
  }
}

function decodeFire(row: FireRow): ScheduleFire {
  const { schedule, slot, jobExecutionId, latestId, latestStatus, firedBy, firedAt, detail, maxActive } = row
  return {
    schedule,
    slot: new Date(Number(slot)),
    outcome: decodeOutcome(row.outcome),
    jobExecutionId,
    latest: latestId === null ? null : { jobExecutionId: latestId, status: decodeStatus(latestStatus) },
    firedBy,
    firedAt: new Date(Number(firedAt)),
    detail,
    maxActive,
  }
}

/** A later version's word for something is shown as what asks for a look. */
function decodeOutcome(text: string): FireOutcome {
  return FIRE_OUTCOMES.find((one) => one === text) ?? 'REFUSED'
}
