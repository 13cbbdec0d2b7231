/** Which endpoints are told of events, and what became of each delivery. What an endpoint is stands in the config, its secret too. */
import type { BatchEvent, EventType } from '../model/batch-event.ts'

export interface WebhookStore {
  /** Makes those known that are not. An endpoint gets what happens from then on. */
  readonly register: (endpoints: readonly string[]) => Promise<void>
  /** Those of them for which something has happened that {@link fanOut} has not seen; never one that is disabled. */
  readonly withNews: (endpoints: readonly string[]) => Promise<readonly string[]>
  /**
   * In one transaction: shows each event that the endpoint has not been shown to `payloadOf`, and makes a delivery of what that
   * answers; undefined makes none. Of many that do it at once one does, the others make nothing. @param limit of events
   */
  readonly fanOut: (
    endpoint: string,
    limit: number,
    payloadOf: (event: BatchEvent) => string | undefined,
  ) => Promise<FannedOut>
  /**
   * Takes deliveries that are due, those that wait longest first, and counts an attempt at each. Nobody else gets them for so long, or until they are settled: whoever
   * dies with some leaves them to others.
   */
  readonly claim: (
    wants: readonly ClaimWish[],
    leaseMilliseconds: number,
  ) => Promise<readonly ClaimedDelivery[]>
  /** What came of an attempt. One that was delivered stays so, whatever a slower attempt says later. */
  readonly settle: (claimed: ClaimedDelivery, outcome: DeliveryOutcome) => Promise<void>
  /** The endpoint gets nothing more, and what waits for it is given up, until it is enabled. */
  readonly disable: (endpoint: string, reason: string) => Promise<void>
  /** It gets what happens from now on; what was given up stays so. False where there is no such endpoint. */
  readonly enable: (endpoint: string) => Promise<boolean>
  /** Makes a delivery due now, whatever became of it, with a full time of retries before it. */
  readonly retry: (deliveryId: string) => Promise<'due' | 'disabled' | 'not-found'>
  /** By name; counts every delivery that is kept. */
  readonly listEndpoints: () => Promise<readonly WebhookEndpointState[]>
  /** By name, and quick however many deliveries were made. */
  readonly listBacklogs: () => Promise<readonly WebhookBacklog[]>
  /** Newest first. */
  readonly listDeliveries: (filter: DeliveryFilter) => Promise<readonly WebhookDelivery[]>
}

export interface FannedOut {
  readonly deliveries: number
  /** There are more events to be shown. */
  readonly hasMore: boolean
  /** The repository has moved to another database server: what happened before that was not shown. */
  readonly startedAnew: boolean
}

export interface ClaimWish {
  readonly endpoint: string
  readonly limit: number
}

export interface ClaimedDelivery {
  readonly id: string
  readonly endpoint: string
  readonly eventType: EventType
  /** The same at each attempt. */
  readonly webhookId: string
  /** Byte for byte the same at each attempt. */
  readonly payload: string
  /** This one included. */
  readonly attempts: number
  /** Since the first attempt. */
  readonly triedForMilliseconds: number
}

export type DeliveryOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly error: string; readonly retryInMilliseconds: number }
  | { readonly kind: 'given-up'; readonly error: string }
  /** The attempt was broken off on our side: it does not count, and the next may come at once. */
  | { readonly kind: 'released' }

export interface WebhookEndpointState {
  readonly endpoint: string
  readonly registeredAt: Date
  readonly disabled: { readonly since: Date; readonly reason: string } | null
  /** Deliveries that are still to be made, … */
  readonly pending: number
  /** … and of those, the ones that were tried in vain. */
  readonly failing: number
  readonly delivered: number
  readonly givenUp: number
  readonly lastDeliveredAt: Date | null
  /** Of the newest delivery that is failing or was given up. */
  readonly lastError: string | null
}

/** What has not arrived. */
export type WebhookBacklog = Pick<WebhookEndpointState, 'endpoint' | 'pending' | 'givenUp'>

export const DELIVERY_STATES = ['pending', 'delivered', 'given-up'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

export interface WebhookDelivery {
  readonly id: string
  readonly endpoint: string
  readonly eventId: string
  readonly eventType: EventType
  readonly webhookId: string
  readonly payload: string
  readonly state: DeliveryState
  readonly attempts: number
  readonly createdAt: Date
  readonly nextAttemptAt: Date | null
  readonly deliveredAt: Date | null
  readonly givenUpAt: Date | null
  readonly lastError: string | null
}

export interface DeliveryFilter {
  readonly endpoint?: string
  readonly state?: DeliveryState
  /** Only deliveries with a smaller id: pass the last id of the page before. */
  readonly before?: string
  readonly limit: number
}
