/** The rows of webhooks' endpoints and deliveries, read and written one statement at a time. */
import { EVENT_TYPES, type EventType } from '../../core/model/batch-event.ts'
import type {
  ClaimedDelivery,
  ClaimWish,
  DeliveryFilter,
  DeliveryOutcome,
  WebhookDelivery,
  WebhookEndpointState,
} from '../../core/ports/webhook-store.ts'
import { SERVER } from './event-rows.ts'
import type { RunSql } from './fence.ts'
import { isId } from './queries.ts'
import type { TableNames } from './table-names.ts'

/** Times are answered in milliseconds, because a given data source may read them in any form. */
const milliseconds = (column: string): string => `trunc(extract(epoch from ${column}) * 1000)::text`

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

export interface NewDelivery {
  readonly eventId: string
  readonly eventType: EventType
  readonly payload: string
}

/** Locks: the rows that it makes, and the endpoint, which is locked already. */
export async function insertDeliveries(
  run: RunSql,
  { webhookEndpoint, webhookDelivery }: TableNames,
  endpoint: string,
  cursor: string,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  await run(
    `with shown as (update ${webhookEndpoint} set cursor = $2 where endpoint_name = $1)
    insert into ${webhookDelivery} (endpoint_name, event_id, event_type, payload)
      select $1, one.* from unnest($3::bigint[], $4::text[], $5::text[]) one
      on conflict (endpoint_name, event_id) do nothing`,
    [
      endpoint,
      cursor,
      deliveries.map((one) => one.eventId),
      deliveries.map((one) => one.eventType),
      deliveries.map((one) => one.payload),
    ],
  )
}

interface ClaimedRow extends Omit<ClaimedDelivery, 'eventType' | 'attempts' | 'triedForMilliseconds'> {
  readonly eventType: string
  readonly attempts: string
  readonly triedFor: string
}

/** The lease is the time of the next attempt. Locks: the deliveries; those that somebody else takes are passed over. */
export async function claimDeliveries(
  run: RunSql,
  { webhookDelivery }: TableNames,
  wants: readonly ClaimWish[],
  leaseMilliseconds: number,
): Promise<readonly ClaimedDelivery[]> {
  const rows = await run<ClaimedRow>(
    `with due as materialized (
      select taken.delivery_id from unnest($1::text[], $2::int[]) wish (endpoint, most)
        cross join lateral (
          select d.delivery_id from ${webhookDelivery} d
            where d.endpoint_name = wish.endpoint and d.next_attempt_at <= clock_timestamp()
            order by d.next_attempt_at limit wish.most for update skip locked
        ) taken
    )
    update ${webhookDelivery} d set attempts = attempts + 1,
      first_attempt_at = coalesce(first_attempt_at, clock_timestamp()),
      next_attempt_at = clock_timestamp() + $3::float8 * interval '1 millisecond'
      from due where d.delivery_id = due.delivery_id
      returning d.delivery_id as "id", d.endpoint_name as "endpoint", d.event_type as "eventType",
        d.message_id as "webhookId", d.payload, d.attempts::text as "attempts",
        trunc(extract(epoch from clock_timestamp() - d.first_attempt_at) * 1000)::text as "triedFor"`,
    [wants.map(({ endpoint }) => endpoint), wants.map(({ limit }) => limit), leaseMilliseconds],
  )
  return rows.map(({ triedFor, ...row }) => ({
    ...row,
    eventType: decodeType(row.eventType),
    attempts: Number(row.attempts),
    triedForMilliseconds: Number(triedFor),
  }))
}

/** Only the attempt that was counted last says that one has failed. Locks: the delivery. */
export async function settleDelivery(
  run: RunSql,
  { webhookDelivery }: TableNames,
  { id, attempts }: ClaimedDelivery,
  outcome: DeliveryOutcome,
): Promise<void> {
  const mine = 'delivery_id = $1 and attempts = $2 and delivered_at is null and given_up_at is null'
  switch (outcome.kind) {
    case 'delivered':
      await run(
        `update ${webhookDelivery} set delivered_at = clock_timestamp(), next_attempt_at = null, given_up_at = null,
          last_error = null where delivery_id = $1 and delivered_at is null`,
        [id],
      )
      return
    case 'failed':
      await run(
        `update ${webhookDelivery} set last_error = $3,
          next_attempt_at = clock_timestamp() + $4::float8 * interval '1 millisecond' where ${mine}`,
        [id, attempts, outcome.error, outcome.retryInMilliseconds],
      )
      return
    case 'given-up':
      await run(
        `update ${webhookDelivery} set last_error = $3, next_attempt_at = null, given_up_at = clock_timestamp()
          where ${mine}`,
        [id, attempts, outcome.error],
      )
      return
    case 'released':
      await run(
        `update ${webhookDelivery} set attempts = attempts - 1, next_attempt_at = clock_timestamp() where ${mine}`,
        [id, attempts],
      )
      return
    default:
      outcome satisfies never
  }
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

/** Locks: the endpoint. */
export async function enableEndpoint(
  run: RunSql,
  { webhookEndpoint }: TableNames,
  endpoint: string,
): Promise<boolean> {
  const rows = await run(
    `update ${webhookEndpoint} set disabled_at = null, disabled_reason = null,
      cursor = case when disabled_at is null then cursor else ${SHOWN_UP_TO_NOW} end
      where endpoint_name = $1 returning 1`,
    [endpoint],
  )
  return rows.length > 0
}

/** Locks: the delivery. */
export async function retryDelivery(
  run: RunSql,
  { webhookEndpoint, webhookDelivery }: TableNames,
  deliveryId: string,
): Promise<'due' | 'disabled' | 'not-found'> {
  if (!isId(deliveryId)) return 'not-found'
  const [row] = await run<{ isDisabled: boolean }>(
    `with found as (
      select d.delivery_id, p.disabled_at is not null as "isDisabled" from ${webhookDelivery} d
        join ${webhookEndpoint} p on p.endpoint_name = d.endpoint_name where d.delivery_id = $1
    ), due as (
      update ${webhookDelivery} set next_attempt_at = clock_timestamp(), first_attempt_at = null,
        delivered_at = null, given_up_at = null
        where delivery_id in (select delivery_id from found where not "isDisabled")
    )
    select "isDisabled" from found`,
    [deliveryId],
  )
  if (row === undefined) return 'not-found'
  return row.isDisabled ? 'disabled' : 'due'
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
    registeredAt: instant(row.registeredAt) ?? new Date(0),
    disabled:
      row.disabledAt === null
        ? null
        : { since: new Date(Number(row.disabledAt)), reason: row.disabledReason ?? '' },
    pending: Number(row.pending),
    failing: Number(row.failing),
    delivered: Number(row.delivered),
    givenUp: Number(row.givenUp),
    lastDeliveredAt: instant(row.lastDeliveredAt),
    lastError: row.lastError,
  }))
}

interface DeliveryRow {
  readonly id: string
  readonly endpoint: string
  readonly eventId: string
  readonly eventType: string
  readonly webhookId: string
  readonly payload: string
  readonly attempts: string
  readonly createdAt: string
  readonly nextAttemptAt: string | null
  readonly deliveredAt: string | null
  readonly givenUpAt: string | null
  readonly lastError: string | null
}

/** No locks. */
export async function listDeliveries(
  run: RunSql,
  { webhookDelivery }: TableNames,
  { endpoint, state, before, limit }: DeliveryFilter,
): Promise<readonly WebhookDelivery[]> {
  if (before !== undefined && !isId(before)) return []
  const rows = await run<DeliveryRow>(
    `select delivery_id as "id", endpoint_name as "endpoint", event_id as "eventId", event_type as "eventType",
        message_id as "webhookId", payload, attempts::text as "attempts", ${milliseconds('created_at')} as "createdAt",
        ${milliseconds('next_attempt_at')} as "nextAttemptAt", ${milliseconds('delivered_at')} as "deliveredAt",
        ${milliseconds('given_up_at')} as "givenUpAt", last_error as "lastError"
      from ${webhookDelivery}
      where ($1::text is null or endpoint_name = $1) and ($2::bigint is null or delivery_id < $2)
        and case $3::text when 'pending' then next_attempt_at is not null when 'delivered' then delivered_at is not null
          when 'given-up' then given_up_at is not null else true end
      order by delivery_id desc limit $4`,
    [endpoint ?? null, before ?? null, state ?? null, limit],
  )
  return rows.map(decodeDelivery)
}

function decodeDelivery(row: DeliveryRow): WebhookDelivery {
  const { id, endpoint, eventId, webhookId, payload, lastError } = row
  const [deliveredAt, givenUpAt] = [instant(row.deliveredAt), instant(row.givenUpAt)]
  return {
    id,
    endpoint,
    eventId,
    eventType: decodeType(row.eventType),
    webhookId,
    payload,
    state: deliveredAt !== null ? 'delivered' : givenUpAt !== null ? 'given-up' : 'pending',
    attempts: Number(row.attempts),
    createdAt: instant(row.createdAt) ?? new Date(0),
    nextAttemptAt: instant(row.nextAttemptAt),
    deliveredAt,
    givenUpAt,
    lastError,
  }
}

function instant(text: string | null): Date | null {
  return text === null ? null : new Date(Number(text))
}

/** Nothing else is ever written; a later version's word is shown as what asks for a look. */
function decodeType(text: string): EventType {
  return EVENT_TYPES.find((one) => one === text) ?? 'execution.failed'
}
