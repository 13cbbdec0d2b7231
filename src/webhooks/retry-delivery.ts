/** A delivery is sent again, whatever became of it. */
import { BatchError } from '../core/model/batch-error.ts'
import type { WebhookStore } from '../core/ports/webhook-store.ts'

/** Sends nothing itself: whoever dispatches does. @throws BatchError NO_SUCH_DELIVERY, WEBHOOK_DISABLED */
export async function retryDelivery(webhooks: WebhookStore, deliveryId: string): Promise<void> {
  const answer = await webhooks.retry(deliveryId)
  switch (answer) {
    case 'due':
      return
    case 'disabled':
      throw new BatchError(
        'WEBHOOK_DISABLED',
        `Delivery ${deliveryId} goes to a webhook that is disabled; nothing was changed. ` +
          'See batchwright webhooks, and enable it first: batchwright webhooks enable <name>.',
        { details: { deliveryId } },
      )
    case 'not-found':
      throw new BatchError(
        'NO_SUCH_DELIVERY',
        `There is no delivery ${deliveryId}. See: batchwright webhooks deliveries`,
        { details: { deliveryId } },
      )
    default:
      return answer satisfies never
  }
}
