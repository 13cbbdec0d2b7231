/** What a fire writes of its slot in the ledger, one statement at a time. */
import type { FireOutcome } from '../../core/model/schedule-fire.ts'
import type { FireRequest } from '../../core/ports/schedule-store.ts'
import type { RunSql } from './fence.ts'
import { requesterColumn } from './operator-actions.ts'
import type { TableNames } from './table-names.ts'

export interface TakenSlot {
  readonly maxActive: number | null
}

/**
 * An insert that meets another's waits for its end, and then finds the row. The execution of a slot that had been fired, and was
 * queued since, stays named until another is launched. Locks: the slot's row.
 */
export async function takeSlot(
  run: RunSql,
  tables: TableNames,
  { schedule, slot, by, replaces, maxActive }: FireRequest,
): Promise<TakenSlot | undefined> {
  const [taken] = await run<TakenSlot>(
    `insert into ${tables.fire} as f (schedule_name, slot, outcome, fired_by, fired_at, max_active)
      values ($1, $2, 'FIRED', $3, clock_timestamp(), $5)
      on conflict (schedule_name, slot) do update set outcome = 'FIRED', fired_by = $3, fired_at = clock_timestamp(),
        detail = null, max_active = coalesce(excluded.max_active, f.max_active)
        where f.outcome = any($4)
      returning max_active as "maxActive"`,
    [schedule, slot.toISOString(), requesterColumn(by), replaces, maxActive ?? null],
  )
  return taken
}

/** Locks: none more than the slot's row, which is taken. */
export async function recordOutcome(
  run: RunSql,
  tables: TableNames,
  { schedule, slot }: FireRequest,
  outcome: Exclude<FireOutcome, 'FIRED'>,
  detail: string,
): Promise<void> {
  await run(`update ${tables.fire} set outcome = $3, detail = $4 where schedule_name = $1 and slot = $2`, [
    schedule,
    slot.toISOString(),
    outcome,
    detail,
  ])
}

/** Older slots of the schedule that wait, but for those of backfills. Locks: their rows. */
export async function supersedeQueued(
  run: RunSql,
  tables: TableNames,
  { schedule, slot }: FireRequest,
): Promise<void> {
  const at = slot.toISOString()
  await run(
    `update ${tables.fire} set outcome = 'SKIPPED', detail = 'the slot ' || $3 || ' took its place in the queue'
      where schedule_name = $1 and slot < $2 and outcome = 'QUEUED' and max_active is null`,
    [schedule, at, at],
  )
}

/** For a slot that had been fired before: it still names that execution. Locks: none more. */
export async function staysFired(
  run: RunSql,
  tables: TableNames,
  { schedule, slot }: FireRequest,
  detail: string,
): Promise<boolean> {
  const rows = await run(
    `update ${tables.fire} set detail = $3
      where schedule_name = $1 and slot = $2 and job_execution_id is not null returning 1`,
    [schedule, slot.toISOString(), detail],
  )
  return rows.length > 0
}

/** Sent with the rows of the execution that it names. Locks: none more than the slot's row, which is taken. */
export function namingSql(
  tables: TableNames,
  { schedule, slot }: FireRequest,
): { readonly text: string; readonly values: readonly unknown[] } {
  return {
    text: `update ${tables.fire} set job_execution_id = currval(${tables.jobExecutionSeq})
      where schedule_name = $1 and slot = $2`,
    values: [schedule, slot.toISOString()],
  }
}
