/** Webhooks: who is told of what happens, and what became of each delivery. */
import { z } from '@hono/zod-openapi'
import { EVENT_TYPES } from '../../core/model/batch-event.ts'
import { DELIVERY_STATES } from '../../core/ports/webhook-store.ts'
import { deliveryJson, webhookJson } from '../../json/webhook-json.ts'
import { enableWebhook } from '../../webhooks/enable-webhook.ts'
import { retryDelivery } from '../../webhooks/retry-delivery.ts'
import { decodeCursor, encodeCursor, pageOf } from '../cursor.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import { idText } from '../schemas/execution-schemas.ts'
import { pageQuery } from '../schemas/page-query.ts'
import { NO_BODY, NO_QUERY } from '../schemas/nothing.ts'

const count = z.int().min(0)
const instant = z.iso.datetime()
const state = z.enum(DELIVERY_STATES)

const webhook = z
  .object({
    webhook: z.string(),
    registeredAt: instant,
    disabled: z
      .object({ since: instant, reason: z.string() })
      .nullable()
      .openapi({ description: 'Its receiver has answered 410.' }),
    pending: count,
    failing: count.openapi({ description: 'Of those pending: tried in vain so far.' }),
    delivered: count,
    givenUp: count,
    lastDeliveredAt: instant.nullable(),
    lastError: z.string().nullable(),
  })
  .openapi('Webhook')

const delivery = z
  .object({
    deliveryId: idText,
    webhook: z.string(),
    eventId: idText,
    type: z.enum(EVENT_TYPES),
    webhookId: z.string().openapi({ description: 'The header `webhook-id`.' }),
    state,
    attempts: count,
    createdAt: instant,
    nextAttemptAt: instant.nullable(),
    deliveredAt: instant.nullable(),
    givenUpAt: instant.nullable(),
    lastError: z.string().nullable(),
  })
  .openapi('WebhookDelivery')

export const listWebhooks: Operation = operation({
  id: 'listWebhooks',
  method: 'get',
  path: '/api/v1/webhooks',
  scope: 'read',
  tag: 'webhooks',
  summary: 'Who is told of what happens',
  description:
    'Those that a scheduler or a server has ever had in its config. Where they are stands there alone.',
  query: NO_QUERY,
  answers: { 200: { description: 'By name.', schema: z.object({ items: z.array(webhook) }) } },
  problems: [],
  handle: async ({ repository }) => {
    const items = (await repository.webhooks.listEndpoints()).map(webhookJson)
    return { status: 200, json: { items } }
  },
})

export const listDeliveries: Operation = operation({
  id: 'listWebhookDeliveries',
  method: 'get',
  path: '/api/v1/webhooks/deliveries',
  scope: 'read',
  tag: 'webhooks',
  summary: 'What became of each delivery, newest first',
  query: z.strictObject({ webhook: z.string().optional(), state: state.optional(), ...pageQuery }),
  answers: {
    200: {
      description: 'A page of them.',
      schema: z.object({ items: z.array(delivery), nextCursor: z.string().nullable() }),
    },
  },
  problems: [],
  handle: async ({ repository }, { query: { limit, cursor, ...filter } }) => {
    const list = 'webhook deliveries'
    const before = decodeCursor(list, filter, cursor)
    const rows = await repository.webhooks.listDeliveries({
      limit: limit + 1,
      ...(filter.webhook !== undefined && { endpoint: filter.webhook }),
      ...(filter.state !== undefined && { state: filter.state }),
      ...(before !== undefined && { before }),
    })
    const { items, nextCursor } = pageOf(rows, limit, ({ id }) => encodeCursor(list, filter, id))
    return { status: 200, json: { items: items.map(deliveryJson), nextCursor } }
  },
})

export const retryWebhookDelivery: Operation = operation({
  id: 'retryWebhookDelivery',
  method: 'post',
  path: '/api/v1/webhooks/deliveries/{id}/retry',
  scope: 'operate',
  tag: 'webhooks',
  summary: 'Send a delivery again, whatever became of it',
  description:
    'By a scheduler or a server that has the webhook in its config; with a full day of retries before it.',
  query: NO_QUERY,
  body: NO_BODY,
  bodyMayBeLeftOut: true,
  answers: {
    202: {
      description: 'It is due.',
      schema: z.object({ deliveryId: idText, state: z.literal('pending') }),
    },
  },
  problems: ['no-such-delivery', 'webhook-disabled'],
  handle: async ({ repository }, { params: { id } }) => {
    if (!isRecordId(id)) throw new Problem('no-such-delivery', `There is no delivery ${id}.`)
    await retryDelivery(repository.webhooks, id)
    return { status: 202, json: { deliveryId: id, state: 'pending' } }
  },
})

export const enableOneWebhook: Operation = operation({
  id: 'enableWebhook',
  method: 'post',
  path: '/api/v1/webhooks/{name}/enable',
  scope: 'operate',
  tag: 'webhooks',
  summary: 'Send to a webhook again that was disabled',
  query: NO_QUERY,
  body: NO_BODY,
  bodyMayBeLeftOut: true,
  answers: {
    200: {
      description: 'It gets what happens from now on.',
      schema: z.object({ webhook: z.string(), disabled: z.null() }),
    },
  },
  problems: ['no-such-webhook'],
  handle: async ({ repository }, { params: { name } }) => {
    await enableWebhook(repository.webhooks, name)
    return { status: 200, json: { webhook: name, disabled: null } }
  },
})
