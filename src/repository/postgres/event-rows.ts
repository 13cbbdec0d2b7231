/** Looking at events between two moments, exactly. */
import {
  type BatchEvent,
  EVENT_TYPES,
  EXECUTION_EVENT_TYPES,
  type ExecutionEvent,
  type ScheduleEvent,
} from '../../core/model/batch-event.ts'
import type { EventLook } from '../../core/ports/event-store.ts'
import { cursorText, type EventCursor, parseCursor } from './event-cursor.ts'
import type { RunSql } from './fence.ts'
import { decodeInstant, milliseconds } from './instant-column.ts'
import { decodeStatus } from './rows.ts'
import type { TableNames } from './table-names.ts'

/** The server's own number. */
export const SERVER = '(select system_identifier::text from pg_control_system())'

interface LookRow {
  readonly now: string
  readonly server: string
  readonly isKnown: boolean
  readonly id: string | null
  readonly type: string
  readonly occurredAt: string
  readonly jobExecutionId: string | null
  readonly jobInstanceId: string | null
  readonly jobName: string | null
  readonly status: string | null
  readonly exitCode: string | null
  readonly exitMessage: string | null
  readonly startTime: string | null
  readonly endTime: string | null
  readonly schedule: string | null
  readonly firstSlot: string | null
  readonly lastSlot: string | null
  readonly slots: string | null
  readonly detail: string | null
}

const EVENT = `v.event_id as "id", v.event_type as "type", ${milliseconds('v.occurred_at')} as "occurredAt",
  v.job_execution_id as "jobExecutionId", i.job_instance_id as "jobInstanceId",
  coalesce(i.job_name, v.job_name) as "jobName", v.status, e.exit_code as "exitCode", e.exit_message as "exitMessage",
  ${milliseconds('e.start_time')} as "startTime", ${milliseconds('e.end_time')} as "endTime",
  v.schedule_name as "schedule", ${milliseconds('v.first_slot')} as "firstSlot",
  ${milliseconds('v.last_slot')} as "lastSlot", v.slots::text as "slots", v.detail`

/**
 * Transactions commit in another order than that in which their events get ids, so no id says up to where one has looked; a
 * snapshot does. What is answered was not visible in the one of the look before, and is in this statement's own: what was open then, or has
 * begun since. Asked so, and in a query of its own, down the index on xid, however long some transaction of the server is open. A later version's
 * types are passed over. One row at least, which has no event where there is none. No locks.
 */
export async function lookAtEvents(
  run: RunSql,
  tables: TableNames,
  text: string | undefined,
  limit: number,
): Promise<EventLook> {
  const cursor = text === undefined ? undefined : parseCursor(text)
  const { server = null, snapshot = null, page } = cursor ?? {}
  const rows = await run<LookRow>(
    `select at.now::text as "now", at.server, at."isKnown", found.*
      from (
        select pg_current_snapshot() as now, s.server,
          s.server = $1 and pg_snapshot_xmax($2::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()) as "isKnown"
          from (select ${SERVER} as server) s
      ) at
      left join lateral (
        select ${EVENT} from (
            select * from ${tables.event} n
              where n.xid >= pg_snapshot_xmax($2::pg_snapshot) or n.xid = any(array(select pg_snapshot_xip($2::pg_snapshot)))
              offset 0
          ) v
          left join ${tables.jobExecution} e on e.job_execution_id = v.job_execution_id
          left join ${tables.jobInstance} i on i.job_instance_id = e.job_instance_id
          where at."isKnown" and v.event_type = any($6)
            and pg_visible_in_snapshot(v.xid, coalesce($3::pg_snapshot, at.now)) and v.event_id > $4::bigint
          order by v.event_id limit $5
      ) found on true
      order by found."id"`,
    [server, snapshot, page?.until ?? null, page?.after ?? '0', limit + 1, EVENT_TYPES],
  )
  return answer(rows, text === undefined, cursor, limit)
}

function answer(
  rows: readonly LookRow[],
  isFirst: boolean,
  cursor: EventCursor | undefined,
  limit: number,
): EventLook {
  const { now = '', server = '', isKnown = false } = rows[0] ?? {}
  if (cursor === undefined || !isKnown) {
    const fresh = cursorText({ server, snapshot: now })
    return { events: [], cursor: fresh, hasMore: false, startedAnew: !isFirst }
  }
  const found = rows.filter((row): row is LookRow & { readonly id: string } => row.id !== null)
  const shown = found.slice(0, limit)
  const until = cursor.page?.until ?? now
  const hasMore = found.length > limit
  const last = shown.at(-1)
  const next =
    hasMore && last !== undefined
      ? { ...cursor, page: { until, after: last.id } }
      : { server, snapshot: until }
  return { events: shown.map(decodeEvent), cursor: cursorText(next), hasMore, startedAnew: false }
}

function decodeEvent(row: LookRow & { readonly id: string }): BatchEvent {
  const type = EXECUTION_EVENT_TYPES.find((one) => one === row.type)
  return type === undefined ? scheduleEvent(row) : executionEvent(row, type)
}

/** What came of an execution after its start is no part of that. */
function executionEvent(
  row: LookRow & { readonly id: string },
  type: ExecutionEvent['type'],
): ExecutionEvent {
  const hasEnded = type !== 'execution.started'
  return {
    id: row.id,
    type,
    occurredAt: decodeInstant(row.occurredAt),
    jobExecutionId: row.jobExecutionId ?? '',
    jobInstanceId: row.jobInstanceId ?? '',
    jobName: row.jobName ?? '',
    status: decodeStatus(row.status),
    exitCode: hasEnded ? (row.exitCode ?? 'UNKNOWN') : 'UNKNOWN',
    exitMessage: hasEnded ? (row.exitMessage ?? '') : '',
    startTime: decodeInstant(row.startTime),
    endTime: hasEnded ? decodeInstant(row.endTime) : null,
  }
}

function scheduleEvent(row: LookRow & { readonly id: string }): ScheduleEvent {
  return {
    id: row.id,
    type: 'schedule.missed',
    occurredAt: decodeInstant(row.occurredAt),
    schedule: row.schedule ?? '',
    jobName: row.jobName,
    firstSlot: decodeInstant(row.firstSlot ?? '0'),
    lastSlot: decodeInstant(row.lastSlot ?? '0'),
    slots: Number(row.slots),
    detail: row.detail ?? '',
  }
}

/** Locks: the rows that it deletes, but not those that somebody else deletes at the moment. */
export async function pruneEvents(
  run: RunSql,
  { event, webhookDelivery }: TableNames,
  before: Date,
  limit: number,
): Promise<number> {
  const [row] = await run<{ gone: string }>(
    `with events as (
      delete from ${event} where event_id in (
        select event_id from ${event} where occurred_at < $1 order by occurred_at limit $2 for update skip locked)
        returning 1
    ), deliveries as (
      delete from ${webhookDelivery} where delivery_id in (
        select delivery_id from ${webhookDelivery} where created_at < $1 and next_attempt_at is null
          order by created_at limit $2 for update skip locked)
        returning 1
    )
    select (select count(*) from events) + (select count(*) from deliveries) as "gone"`,
    [before.toISOString(), limit],
  )
  return Number(row?.gone ?? 0)
}
