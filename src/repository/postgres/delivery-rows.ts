/** The rows of deliveries, read and written one statement at a time. */
import { EVENT_TYPES, type EventType } from '../../core/model/batch-event.ts'
import type {
  ClaimedDelivery,
  ClaimWish,
  DeliveryFilter,
  DeliveryOutcome,
  WebhookDelivery,
} from '../../core/ports/webhook-store.ts'
import type { RunSql } from './fence.ts'
import { decodeInstant, milliseconds } from './instant-column.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import type { TableNames } from './table-names.ts'

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

/** Only the attempt that was counted last says that one has failed; whichever was delivered says so. Locks: the delivery. */
export async function settleDelivery(
  run: RunSql,
  { webhookDelivery }: TableNames,
  { id, attempts }: ClaimedDelivery,
  outcome: DeliveryOutcome,
): Promise<void> {
  const { set, values } = settlement(outcome)
  await run(
    `update ${webhookDelivery} set ${set}
      where delivery_id = $1 and delivered_at is null and ($2 or (attempts = $3 and given_up_at is null))`,
    [id, outcome.kind === 'delivered', attempts, ...values],
  )
}

interface Settlement {
  readonly set: string
  /** From $4 on. */
  readonly values: readonly unknown[]
}

function settlement(outcome: DeliveryOutcome): Settlement {
  switch (outcome.kind) {
    case 'delivered':
      return {
        set: 'delivered_at = clock_timestamp(), next_attempt_at = null, given_up_at = null, last_error = null',
        values: [],
      }
    case 'failed':
      return {
        set: `last_error = $4, next_attempt_at = clock_timestamp() + $5::float8 * interval '1 millisecond'`,
        values: [outcome.error, outcome.retryInMilliseconds],
      }
    case 'given-up':
      return {
        set: 'last_error = $4, next_attempt_at = null, given_up_at = clock_timestamp()',
        values: [outcome.error],
      }
    case 'released':
      return { set: 'attempts = attempts - 1, next_attempt_at = clock_timestamp()', values: [] }
    default:
      return outcome satisfies never
  }
}

/** Locks: the delivery. */
export async function retryDelivery(
  run: RunSql,
  { webhookEndpoint, webhookDelivery }: TableNames,
  deliveryId: string,
): Promise<'due' | 'disabled' | 'not-found'> {
  if (!isRecordId(deliveryId)) return 'not-found'
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
  if (before !== undefined && !isRecordId(before)) return []
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
  const [deliveredAt, givenUpAt] = [decodeInstant(row.deliveredAt), decodeInstant(row.givenUpAt)]
  return {
    id,
    endpoint,
    eventId,
    eventType: decodeType(row.eventType),
    webhookId,
    payload,
    state: deliveredAt !== null ? 'delivered' : givenUpAt !== null ? 'given-up' : 'pending',
    attempts: Number(row.attempts),
    createdAt: decodeInstant(row.createdAt),
    nextAttemptAt: decodeInstant(row.nextAttemptAt),
    deliveredAt,
    givenUpAt,
    lastError,
  }
}

/** Nothing else is ever written; a later version's word is shown as what asks for a look. */
function decodeType(text: string): EventType {
  return EVENT_TYPES.find((one) => one === text) ?? 'execution.failed'
}
