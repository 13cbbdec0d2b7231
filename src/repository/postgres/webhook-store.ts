/** The webhooks' outbox of the Postgres repository. */
import type { DataSource } from 'typeorm'
import type { BatchEvent } from '../../core/model/batch-event.ts'
import type { FannedOut, WebhookStore } from '../../core/ports/webhook-store.ts'
import {
  claimDeliveries,
  insertDeliveries,
  listDeliveries,
  retryDelivery,
  settleDelivery,
} from './delivery-rows.ts'
import {
  disableEndpoint,
  enableEndpoint,
  endpointsWithNews,
  listBacklogs,
  listEndpoints,
  lockEndpoint,
  registerEndpoints,
} from './endpoint-rows.ts'
import { lookAtEvents } from './event-rows.ts'
import type { RunSql } from './fence.ts'
import { duringOn } from './postgres-errors.ts'
import type { RepositoryAddress } from './repository-options.ts'
import { type RepositoryTransaction, repositoryTransaction } from './repository-transaction.ts'
import type { TableNames } from './table-names.ts'

export function webhookStore(source: DataSource, address: RepositoryAddress, run: RunSql): WebhookStore {
  const { tables } = address
  const during = duringOn(address)
  const doing = <T>(what: string, action: () => Promise<T>): Promise<T> => during(what, 'unknown', action)
  const reading = <T>(what: string, action: () => Promise<T>): Promise<T> => during(what, 'read', action)
  return {
    register: (endpoints) => doing('registering webhooks', () => registerEndpoints(run, tables, endpoints)),
    withNews: (endpoints) =>
      reading('looking for news for webhooks', () => endpointsWithNews(run, tables, endpoints)),
    fanOut: (endpoint, limit, payloadOf) => {
      const what = `making deliveries for webhook '${endpoint}'`
      return repositoryTransaction(source, address, what, (transaction) =>
        fanOut(transaction, tables, endpoint, limit, payloadOf),
      )
    },
    claim: (wants, leaseMilliseconds) =>
      doing('taking deliveries', () => claimDeliveries(run, tables, wants, leaseMilliseconds)),
    settle: (claimed, outcome) =>
      doing('settling a delivery', () => settleDelivery(run, tables, claimed, outcome)),
    disable: (endpoint, reason) =>
      doing('disabling a webhook', () => disableEndpoint(run, tables, endpoint, reason)),
    enable: (endpoint) => doing('enabling a webhook', () => enableEndpoint(run, tables, endpoint)),
    retry: (deliveryId) => doing('retrying a delivery', () => retryDelivery(run, tables, deliveryId)),
    listEndpoints: () => reading('listing webhooks', () => listEndpoints(run, tables)),
    listBacklogs: () => reading('counting what webhooks wait for', () => listBacklogs(run, tables)),
    listDeliveries: (filter) => reading('listing deliveries', () => listDeliveries(run, tables, filter)),
  }
}

/** Nobody else shows events to the endpoint meanwhile, and the cursor moves with what was made of them, or not at all. */
async function fanOut(
  { client, run, committing }: RepositoryTransaction,
  tables: TableNames,
  endpoint: string,
  limit: number,
  payloadOf: (event: BatchEvent) => string | undefined,
): Promise<FannedOut> {
  const cursor = await lockEndpoint(run, tables, endpoint)
  if (cursor === undefined) {
    await client.query('rollback')
    return { deliveries: 0, hasMore: false, startedAnew: false }
  }
  const look = await lookAtEvents(run, tables, cursor, limit)
  const deliveries = look.events.flatMap((event) => {
    const payload = payloadOf(event)
    return payload === undefined ? [] : [{ eventId: event.id, eventType: event.type, payload }]
  })
  await insertDeliveries(run, tables, endpoint, look.cursor, deliveries)
  committing()
  await client.query('commit')
  return { deliveries: deliveries.length, hasMore: look.hasMore, startedAnew: look.startedAnew }
}
