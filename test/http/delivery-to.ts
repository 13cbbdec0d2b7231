/** A delivery in the outbox, as a dispatcher makes it, that nobody sends. */
import type { WebhookStore } from '../../src/core/ports/webhook-store.ts'

/** The id of the newest, of what `happen` makes happen. */
export async function deliveryTo(
  webhooks: WebhookStore,
  endpoint: string,
  happen: () => Promise<unknown>,
): Promise<string> {
  await webhooks.register([endpoint])
  await happen()
  await webhooks.fanOut(endpoint, 1000, () => '{}')
  const [newest] = await webhooks.listDeliveries({ endpoint, limit: 1 })
  if (newest === undefined) throw new Error(`nothing has happened that ${endpoint} is told of`)
  return newest.id
}
