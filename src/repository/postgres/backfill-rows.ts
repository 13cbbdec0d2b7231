/** The rows of the fire ledger that wait as part of backfills: queued, and taken out again. */
import type { CancelledBackfill, QueuedBackfill } from '../../core/ports/schedule-store.ts'
import type { RunSql } from './fence.ts'
import { decodeInstant, milliseconds } from './instant-column.ts'
import { requesterColumn } from './operator-actions.ts'
import type { TableNames } from './table-names.ts'

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
      requesterColumn(by),
      detail,
      maxActive,
      [...replaces],
    ],
  )
  return rows.map(({ slot }) => decodeInstant(slot))
}

/**
 * Slots of backfills that wait, in the order of slots. The execution of one that had been fired before stays named. Locks: the rows
 * that it changes; one that is being fired is waited for, and left.
 */
export async function cancelQueued(
  run: RunSql,
  tables: TableNames,
  schedule: string,
  { by, detail }: CancelledBackfill,
): Promise<readonly Date[]> {
  const rows = await run<{ slot: string }>(
    `with waiting as (
      select slot from ${tables.fire}
        where schedule_name = $1 and outcome = 'QUEUED' and max_active is not null order by slot for update
    ), cancelled as (
      update ${tables.fire} f set outcome = case when f.job_execution_id is null then 'SKIPPED' else 'FIRED' end,
        fired_by = $2, fired_at = clock_timestamp(), detail = $3, max_active = null
        from waiting where f.schedule_name = $1 and f.slot = waiting.slot
        returning f.slot
    )
    select ${milliseconds('slot')} as "slot" from cancelled order by slot`,
    [schedule, requesterColumn(by), detail],
  )
  return rows.map(({ slot }) => decodeInstant(slot))
}
