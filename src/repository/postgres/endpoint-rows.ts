/** The rows of webhooks' endpoints, read and written one statement at a time. */
import type { WebhookBacklog, WebhookEndpointState } from '../../core/ports/webhook-store.ts'
import { SERVER } from './event-rows.ts'
import type { RunSql } from './fence.ts'
import { decodeInstant, milliseconds } from './instant-column.ts'
import type { TableNames } from './table-names.ts'

/** Everything that is visible now has been shown. */
const SHOWN_UP_TO_NOW = `${SERVER} || '/' || pg_current_snapshot()::text`

/** Locks: the rows that it makes. */
export async function registerEndpoints(
  run: RunSql,
  { webhookEndpoint }: TableNames,
  endpoints: readonly string[],
): Promise<void> {
  await run(
    `insert into ${webhookEndpoint} (endpoint_name, cursor)
      select name, ${SHOWN_UP_TO_NOW} from unnest($1::text[]) name order by name
      on conflict (endpoint_name) do nothing`,
    [endpoints],
  )
}

/** What has begun since, or was open then, down the index on xid. No locks. */
export async function endpointsWithNews(
  run: RunSql,
  { webhookEndpoint, event }: TableNames,
  endpoints: readonly string[],
): Promise<readonly string[]> {
  const rows = await run<{ endpoint: string }>(
    `select p.endpoint_name as "endpoint" from ${webhookEndpoint} p
      cross join lateral (select split_part(p.cursor, '/', 2)::pg_snapshot as snapshot) shown
      where p.endpoint_name = any($1) and p.disabled_at is null
        and (split_part(p.cursor, '/', 1) <> ${SERVER}
          or (select v.xid from ${event} v order by v.xid desc limit 1) >= pg_snapshot_xmax(shown.snapshot)
          or exists (select 1 from ${event} v where v.xid = any(array(select pg_snapshot_xip(shown.snapshot)))))`,
    [endpoints],
  )
  return rows.map(({ endpoint }) => endpoint)
}

/** Undefined where it is disabled, or somebody else has it. Locks: the endpoint. */
export async function lockEndpoint(
  run: RunSql,
  { webhookEndpoint }: TableNames,
  endpoint: string,
): Promise<string | undefined> {
  const rows = await run<{ cursor: string }>(
    `select cursor from ${webhookEndpoint}
      where endpoint_name = $1 and disabled_at is null for update skip locked`,
    [endpoint],
  )
  return rows[0]?.cursor
}

/** Locks: the endpoint, so that nobody fans out meanwhile, then its deliveries that wait. */
export async function disableEndpoint(
  run: RunSql,
  { webhookEndpoint, webhookDelivery }: TableNames,
  endpoint: string,
  reason: string,
): Promise<void> {
  await run(
    `with disabled as (
      update ${webhookEndpoint} set disabled_at = coalesce(disabled_at, clock_timestamp()), disabled_reason = $2
        where endpoint_name = $1 returning 1
    )
    update ${webhookDelivery} set given_up_at = clock_timestamp(), next_attempt_at = null, last_error = $2
      where endpoint_name = $1 and next_attempt_at is not null and exists (select 1 from disabled)`,
    [endpoint, reason],
  )
}

/** Locks: the endpoint. Postgres would not even compare a text with that character. */
export async function enableEndpoint(
  run: RunSql,
  { webhookEndpoint }: TableNames,
  endpoint: string,
): Promise<boolean> {
  if (endpoint.includes('\0')) return false
  const rows = await run(
    `update ${webhookEndpoint} set disabled_at = null, disabled_reason = null,
      cursor = case when disabled_at is null then cursor else ${SHOWN_UP_TO_NOW} end
      where endpoint_name = $1 returning 1`,
    [endpoint],
  )
  return rows.length > 0
}

interface EndpointRow {
  readonly endpoint: string
  readonly registeredAt: string
  readonly disabledAt: string | null
  readonly disabledReason: string | null
  readonly pending: string
  readonly failing: string
  readonly delivered: string
  readonly givenUp: string
  readonly lastDeliveredAt: string | null
  readonly lastError: string | null
}

/** No locks. */
export async function listEndpoints(
  run: RunSql,
  { webhookEndpoint, webhookDelivery }: TableNames,
): Promise<readonly WebhookEndpointState[]> {
  const rows = await run<EndpointRow>(
    `select p.endpoint_name as "endpoint", ${milliseconds('p.registered_at')} as "registeredAt",
        ${milliseconds('p.disabled_at')} as "disabledAt", p.disabled_reason as "disabledReason",
        count(d.next_attempt_at) as "pending",
        count(*) filter (where d.next_attempt_at is not null and d.last_error is not null) as "failing",
        count(d.delivered_at) as "delivered", count(d.given_up_at) as "givenUp",
        ${milliseconds('max(d.delivered_at)')} as "lastDeliveredAt",
        (array_agg(d.last_error order by d.delivery_id desc) filter (where d.last_error is not null))[1] as "lastError"
      from ${webhookEndpoint} p left join ${webhookDelivery} d on d.endpoint_name = p.endpoint_name
      group by p.endpoint_name order by p.endpoint_name`,
    [],
  )
  return rows.map((row) => ({
    endpoint: row.endpoint,
    registeredAt: decodeInstant(row.registeredAt),
    disabled:
      row.disabledAt === null
        ? null
        : { since: decodeInstant(row.disabledAt), reason: row.disabledReason ?? '' },
    pending: Number(row.pending),
    failing: Number(row.failing),
    delivered: Number(row.delivered),
    givenUp: Number(row.givenUp),
    lastDeliveredAt: decodeInstant(row.lastDeliveredAt),
    lastError: row.lastError,
  }))
}

/** Down the partial indexes on what is due and on what was given up: none of what has arrived is looked at. No locks. */
export async function listBacklogs(
  run: RunSql,
  { webhookEndpoint, webhookDelivery }: TableNames,
): Promise<readonly WebhookBacklog[]> {
  const count = (column: string) =>
    `(select count(*) from ${webhookDelivery} d where d.endpoint_name = p.endpoint_name and d.${column} is not null)`
  const rows = await run<{ endpoint: string; pending: string; givenUp: string }>(
    `select p.endpoint_name as "endpoint", ${count('next_attempt_at')} as "pending", ${count('given_up_at')} as "givenUp"
      from ${webhookEndpoint} p order by p.endpoint_name`,
    [],
  )
  return rows.map(({ endpoint, pending, givenUp }) => ({
    endpoint,
    pending: Number(pending),
    givenUp: Number(givenUp),
  }))
}
