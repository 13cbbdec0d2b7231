/** What the in-memory repository remembers of webhooks. */
import type { WebhookDelivery, WebhookEndpointState } from '../../core/ports/webhook-store.ts'

export interface MemoryWebhooks {
  readonly endpoints: Map<string, StoredEndpoint>
  /** In the order of their ids. */
  readonly deliveries: StoredDelivery[]
  lastDeliveryId: number
}

export interface StoredEndpoint extends Pick<WebhookEndpointState, 'registeredAt' | 'disabled'> {
  readonly cursor: string
}

export interface StoredDelivery
  extends
    Pick<
      WebhookDelivery,
      'id' | 'endpoint' | 'eventId' | 'eventType' | 'webhookId' | 'payload' | 'createdAt'
    >,
    Changing<
      Pick<WebhookDelivery, 'attempts' | 'nextAttemptAt' | 'deliveredAt' | 'givenUpAt' | 'lastError'>
    > {
  firstAttemptAt: Date | null
}

type Changing<T> = { -readonly [Key in keyof T]: T[Key] }
