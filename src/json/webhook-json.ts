/** Webhooks and their deliveries as JSON. */
import type { WebhookDelivery, WebhookEndpointState } from '../core/ports/webhook-store.ts'
import type { Json } from './execution-json.ts'

export function webhookJson({ endpoint, ...rest }: WebhookEndpointState): Json {
  return { webhook: endpoint, ...rest }
}

/** Without its body. */
export function deliveryJson(delivery: WebhookDelivery): Json {
  const { id, endpoint, eventId, eventType, payload: _, ...rest } = delivery
  return { deliveryId: id, webhook: endpoint, eventId, type: eventType, ...rest }
}
