/** The rows of schedules, read and written one statement at a time. */
import type { ScheduleState } from '../../core/model/schedule-fire.ts'
import type { PauseRequest, ResumeRequest } from '../../core/ports/schedule-store.ts'
import type { RunSql } from './fence.ts'
import { decodeInstant, milliseconds } from './instant-column.ts'
import { requesterColumn } from './operator-actions.ts'
import type { TableNames } from './table-names.ts'

interface StateRow {
  readonly schedule: string
  readonly registeredAt: string
  readonly coveredUntil: string
  readonly pausedAt: string | null
  readonly pausedBy: string | null
  readonly note: string | null
  readonly resumedAt: string | null
  readonly resumedBy: string | null
}

const STATE = `schedule_name as "schedule", ${milliseconds('registered_at')} as "registeredAt",
  ${milliseconds('covered_until')} as "coveredUntil", ${milliseconds('paused_at')} as "pausedAt",
  paused_by as "pausedBy", pause_note as "note", ${milliseconds('resumed_at')} as "resumedAt", resumed_by as "resumedBy"`

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
    [schedule, at.toISOString(), requesterColumn(by), note],
  )
  return decodeState(row as StateRow)
}

/** Locks: the schedule. */
export async function resumeSchedule(
  run: RunSql,
  tables: TableNames,
  schedule: string,
  { by, at }: ResumeRequest,
): Promise<ScheduleState> {
  const [row] = await run<StateRow>(
    `insert into ${tables.schedule} (schedule_name, registered_at, covered_until, resumed_at, resumed_by)
      values ($1, $2, $2, clock_timestamp(), $3)
      on conflict (schedule_name) do update set paused_at = null, paused_by = null, pause_note = null,
        resumed_at = excluded.resumed_at, resumed_by = excluded.resumed_by
      returning ${STATE}`,
    [schedule, at.toISOString(), requesterColumn(by)],
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
    [schedule, requesterColumn(`schedule ${schedule}`), note],
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

function decodeState(row: StateRow): ScheduleState {
  const { schedule, registeredAt, coveredUntil, pausedAt, pausedBy, note, resumedAt, resumedBy } = row
  return {
    schedule,
    registeredAt: decodeInstant(registeredAt),
    coveredUntil: decodeInstant(coveredUntil),
    pause: pausedAt === null ? null : { by: pausedBy ?? '', note, since: decodeInstant(pausedAt) },
    resumed: resumedAt === null ? null : { at: decodeInstant(resumedAt), by: resumedBy },
  }
}
