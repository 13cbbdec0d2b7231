/** Sends one delivery, and records what came of it. */
import { isBatchError } from '../core/model/batch-error.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { ClaimedDelivery, DeliveryOutcome } from '../core/ports/webhook-store.ts'
import { retryDelay, type RetryRules } from './retry-delay.ts'
import { type AttemptOutcome, sendWebhook } from './send-webhook.ts'
import type { WebhookEndpoint } from './webhook-endpoint.ts'

/** What the parts of a dispatcher work with. */
export interface DispatcherParts {
  readonly repository: JobRepository
  readonly logger: Logger
  readonly clock: Clock
  readonly random: () => number
  readonly retries: RetryRules
  readonly timeoutMilliseconds: number
  readonly observer: WebhookObserver
  /** Aborted when requests under way are not waited for any longer. */
  readonly breakingOff: AbortSignal
}

/** Told of what this process sends, for figures and for people who watch. What it throws is logged. */
export interface WebhookObserver {
  readonly delivered?: (delivery: ClaimedDelivery) => void
  readonly failed?: (delivery: ClaimedDelivery, error: string, retryInMilliseconds: number) => void
  readonly gaveUp?: (delivery: ClaimedDelivery, error: string) => void
  readonly disabled?: (endpoint: string, reason: string) => void
  readonly repositoryLost?: (error: unknown) => void
}

const RECORD_ATTEMPTS = 5
const RECORD_MILLISECONDS = 1000

/** Never throws: what cannot be recorded is logged, and sent again when the claim has run out. */
export async function attemptDelivery(
  parts: DispatcherParts,
  endpoint: WebhookEndpoint,
  delivery: ClaimedDelivery,
): Promise<void> {
  const { timeoutMilliseconds, clock, breakingOff, logger } = parts
  const terms = { timeoutMilliseconds, now: clock.now, signal: breakingOff }
  const attempt = await sendWebhook(endpoint, delivery, terms)
  try {
    await record(parts, delivery, attempt)
  } catch (error) {
    logger.error(
      { err: error, ...factsOf(delivery) },
      `what came of delivery ${delivery.id} could not be recorded; it is sent again, with the same webhook-id`,
    )
  }
}

async function record(
  parts: DispatcherParts,
  delivery: ClaimedDelivery,
  attempt: AttemptOutcome,
): Promise<void> {
  const { webhooks } = parts.repository
  const settle = (outcome: DeliveryOutcome) => persist(parts, () => webhooks.settle(delivery, outcome))
  switch (attempt.kind) {
    case 'delivered':
      await settle(attempt)
      return tell(parts, delivery, (observer) => observer.delivered?.(delivery))
    case 'broken-off':
      return settle({ kind: 'released' })
    case 'gone':
      await persist(parts, () => webhooks.disable(delivery.endpoint, attempt.error))
      return tellDisabled(parts, delivery, attempt.error)
    case 'failed': {
      const chance = parts.random()
      const retryInMilliseconds = retryDelay(parts.retries, { ...delivery, ...attempt, chance })
      const { error } = attempt
      if (retryInMilliseconds === undefined) {
        await settle({ kind: 'given-up', error })
        return tellGivenUp(parts, delivery, error)
      }
      await settle({ kind: 'failed', error, retryInMilliseconds })
      return tellFailed(parts, delivery, error, retryInMilliseconds)
    }
    default:
      return attempt satisfies never
  }
}

/** The database may be away for a moment; longer than that the claim answers for it. */
async function persist({ clock, breakingOff }: DispatcherParts, action: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action()
    } catch (error) {
      if (!isBatchError(error, 'REPOSITORY_UNAVAILABLE') || attempt === RECORD_ATTEMPTS) throw error
      await clock.sleep(RECORD_MILLISECONDS, breakingOff).catch(() => undefined)
    }
  }
}

function tellFailed(parts: DispatcherParts, delivery: ClaimedDelivery, error: string, retryIn: number): void {
  const { endpoint, id, attempts } = delivery
  parts.logger.warn(
    factsOf(delivery),
    `webhook ${endpoint}: attempt ${attempts} at delivery ${id} has failed (${error}); the next in ${Math.ceil(retryIn / 1000)} s`,
  )
  tell(parts, delivery, (observer) => observer.failed?.(delivery, error, retryIn))
}

function tellGivenUp(parts: DispatcherParts, delivery: ClaimedDelivery, error: string): void {
  const { endpoint, id, attempts } = delivery
  parts.logger.error(
    factsOf(delivery),
    `webhook ${endpoint}: delivery ${id} is given up after ${attempts} attempts (${error}). ` +
      `When the receiver is back: batchwright webhooks retry ${id}`,
  )
  tell(parts, delivery, (observer) => observer.gaveUp?.(delivery, error))
}

function tellDisabled(parts: DispatcherParts, delivery: ClaimedDelivery, error: string): void {
  const { endpoint } = delivery
  parts.logger.error(
    factsOf(delivery),
    `webhook ${endpoint} is disabled: its receiver wants nothing more (${error}). ` +
      `If it does: batchwright webhooks enable ${endpoint}`,
  )
  tell(parts, delivery, (observer) => observer.disabled?.(endpoint, error))
}

function tell(
  { observer, logger }: DispatcherParts,
  delivery: ClaimedDelivery,
  telling: (observer: WebhookObserver) => void,
): void {
  try {
    telling(observer)
  } catch (error) {
    logger.error({ err: error, ...factsOf(delivery) }, 'an observer of webhooks has thrown')
  }
}

function factsOf({ endpoint, id, eventType, attempts }: ClaimedDelivery) {
  return { webhook: endpoint, delivery: id, event: eventType, attempts }
}
