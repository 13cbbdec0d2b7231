/** The webhooks' outbox in memory. */
import { randomUUID } from 'node:crypto'
import type { BatchEvent } from '../../core/model/batch-event.ts'
import type {
  ClaimedDelivery,
  ClaimWish,
  DeliveryFilter,
  DeliveryOutcome,
  FannedOut,
  WebhookBacklog,
  WebhookDelivery,
  WebhookEndpointState,
  WebhookStore,
} from '../../core/ports/webhook-store.ts'
import { lookAtMemory } from './memory-events.ts'
import type { MemoryState } from './memory-state.ts'
import type { StoredDelivery, StoredEndpoint } from './memory-webhook-state.ts'

export function memoryWebhookStore(state: MemoryState): WebhookStore {
  const { endpoints } = state.webhooks
  return {
    register: async (names) => {
      for (const name of names) if (!endpoints.has(name)) endpoints.set(name, newEndpoint(state))
    },
    withNews: async (names) =>
      names.filter((name) => {
        const found = endpoints.get(name)
        return found?.disabled === null && lookAtMemory(state, found.cursor, 1).events.length > 0
      }),
    fanOut: async (name, limit, payloadOf) => fanOut(state, name, limit, payloadOf),
    claim: async (wants, leaseMilliseconds) => wants.flatMap((wish) => claim(state, wish, leaseMilliseconds)),
    settle: async (claimed, outcome) => settle(state, claimed, outcome),
    disable: async (name, reason) => disable(state, name, reason),
    enable: async (name) => {
      const found = endpoints.get(name)
      if (found === undefined) return false
      if (found.disabled !== null) endpoints.set(name, { ...found, cursor: upToNow(state), disabled: null })
      return true
    },
    retry: async (deliveryId) => retry(state, deliveryId),
    listEndpoints: async () => [...endpoints.keys()].toSorted().map((name) => stateOf(state, name)),
    listBacklogs: async () => [...endpoints.keys()].toSorted().map((name) => backlogOf(state, name)),
    listDeliveries: async (filter) => listDeliveries(state, filter),
  }
}

function newEndpoint(state: MemoryState): StoredEndpoint {
  return { registeredAt: state.now(), cursor: upToNow(state), disabled: null }
}

function upToNow(state: MemoryState): string {
  return lookAtMemory(state, undefined, 0).cursor
}

function fanOut(
  state: MemoryState,
  name: string,
  limit: number,
  payloadOf: (event: BatchEvent) => string | undefined,
): FannedOut {
  const { webhooks } = state
  const found = webhooks.endpoints.get(name)
  if (found === undefined || found.disabled !== null)
    return { deliveries: 0, hasMore: false, startedAnew: false }
  const { events, cursor, hasMore, startedAnew } = lookAtMemory(state, found.cursor, limit)
  const made = events.flatMap((event) => {
    const payload = payloadOf(event)
    return payload === undefined ? [] : [{ event, payload }]
  })
  for (const one of made) webhooks.deliveries.push(newDelivery(state, name, one))
  webhooks.endpoints.set(name, { ...found, cursor })
  return { deliveries: made.length, hasMore, startedAnew }
}

function newDelivery(
  state: MemoryState,
  endpoint: string,
  { event, payload }: { readonly event: BatchEvent; readonly payload: string },
): StoredDelivery {
  state.webhooks.lastDeliveryId += 1
  const now = state.now()
  return {
    id: String(state.webhooks.lastDeliveryId),
    endpoint,
    eventId: event.id,
    eventType: event.type,
    webhookId: `msg_${randomUUID()}`,
    payload,
    createdAt: now,
    attempts: 0,
    firstAttemptAt: null,
    nextAttemptAt: now,
    deliveredAt: null,
    givenUpAt: null,
    lastError: null,
  }
}

function claim(
  state: MemoryState,
  { endpoint, limit }: ClaimWish,
  leaseMilliseconds: number,
): ClaimedDelivery[] {
  const now = state.now()
  const due = state.webhooks.deliveries
    .filter((one) => one.endpoint === endpoint && one.nextAttemptAt !== null && one.nextAttemptAt <= now)
    .toSorted((one, other) => (one.nextAttemptAt?.getTime() ?? 0) - (other.nextAttemptAt?.getTime() ?? 0))
    .slice(0, limit)
  return due.map((one) => {
    one.attempts += 1
    one.firstAttemptAt ??= now
    one.nextAttemptAt = new Date(now.getTime() + leaseMilliseconds)
    const { id, eventType, webhookId, payload, attempts, firstAttemptAt } = one
    const triedForMilliseconds = now.getTime() - firstAttemptAt.getTime()
    return { id, endpoint, eventType, webhookId, payload, attempts, triedForMilliseconds }
  })
}

function settle(state: MemoryState, { id, attempts }: ClaimedDelivery, outcome: DeliveryOutcome): void {
  const found = state.webhooks.deliveries.find((one) => one.id === id)
  if (found === undefined || found.deliveredAt !== null) return
  const now = state.now()
  if (outcome.kind === 'delivered') {
    Object.assign(found, { deliveredAt: now, nextAttemptAt: null, givenUpAt: null, lastError: null })
    return
  }
  if (found.attempts !== attempts || found.givenUpAt !== null) return
  switch (outcome.kind) {
    case 'failed':
      found.lastError = outcome.error
      found.nextAttemptAt = new Date(now.getTime() + outcome.retryInMilliseconds)
      return
    case 'given-up':
      Object.assign(found, { lastError: outcome.error, nextAttemptAt: null, givenUpAt: now })
      return
    case 'released':
      found.attempts -= 1
      found.nextAttemptAt = now
      return
    default:
      outcome satisfies never
  }
}

function disable(state: MemoryState, name: string, reason: string): void {
  const found = state.webhooks.endpoints.get(name)
  if (found === undefined) return
  const now = state.now()
  state.webhooks.endpoints.set(name, { ...found, disabled: { since: found.disabled?.since ?? now, reason } })
  for (const one of state.webhooks.deliveries)
    if (one.endpoint === name && one.nextAttemptAt !== null)
      Object.assign(one, { givenUpAt: now, nextAttemptAt: null, lastError: reason })
}

function retry({ webhooks, now }: MemoryState, deliveryId: string): 'due' | 'disabled' | 'not-found' {
  const found = webhooks.deliveries.find(({ id }) => id === deliveryId)
  if (found === undefined) return 'not-found'
  const endpoint = webhooks.endpoints.get(found.endpoint)
  if (endpoint === undefined || endpoint.disabled !== null) return 'disabled'
  Object.assign(found, { nextAttemptAt: now(), firstAttemptAt: null, deliveredAt: null, givenUpAt: null })
  return 'due'
}

function stateOf({ webhooks }: MemoryState, endpoint: string): WebhookEndpointState {
  const found = webhooks.endpoints.get(endpoint)
  const own = webhooks.deliveries.filter((one) => one.endpoint === endpoint)
  const waiting = own.filter(({ nextAttemptAt }) => nextAttemptAt !== null)
  const delivered = own.flatMap(({ deliveredAt }) => (deliveredAt === null ? [] : [deliveredAt.getTime()]))
  return {
    endpoint,
    registeredAt: found?.registeredAt ?? new Date(0),
    disabled: found?.disabled ?? null,
    pending: waiting.length,
    failing: waiting.filter(({ lastError }) => lastError !== null).length,
    delivered: delivered.length,
    givenUp: own.filter(({ givenUpAt }) => givenUpAt !== null).length,
    lastDeliveredAt: delivered.length === 0 ? null : new Date(Math.max(...delivered)),
    lastError: own.findLast(({ lastError }) => lastError !== null)?.lastError ?? null,
  }
}

function backlogOf(state: MemoryState, name: string): WebhookBacklog {
  const { endpoint, pending, givenUp } = stateOf(state, name)
  return { endpoint, pending, givenUp }
}

function listDeliveries(
  { webhooks }: MemoryState,
  { endpoint, state, before, limit }: DeliveryFilter,
): readonly WebhookDelivery[] {
  return webhooks.deliveries
    .map(shown)
    .filter((one) => endpoint === undefined || one.endpoint === endpoint)
    .filter((one) => state === undefined || one.state === state)
    .filter((one) => before === undefined || Number(one.id) < Number(before))
    .toReversed()
    .slice(0, limit)
}

function shown(stored: StoredDelivery): WebhookDelivery {
  const { firstAttemptAt: _first, ...rest } = stored
  const { deliveredAt, givenUpAt } = rest
  return { ...rest, state: deliveredAt !== null ? 'delivered' : givenUpAt !== null ? 'given-up' : 'pending' }
}
