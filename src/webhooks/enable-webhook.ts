/** An endpoint that was disabled is sent to again. */
import { BatchError } from '../core/model/batch-error.ts'
import { didYouMeanOr } from '../core/model/nearest-name.ts'
import type { WebhookStore } from '../core/ports/webhook-store.ts'

/** It gets what happens from now on. Where it was enabled, nothing is changed. @throws BatchError NO_SUCH_WEBHOOK */
export async function enableWebhook(webhooks: WebhookStore, name: string): Promise<void> {
  if (await webhooks.enable(name)) return
  throw noSuchWebhook(
    name,
    (await webhooks.listEndpoints()).map(({ endpoint }) => endpoint),
  )
}

function noSuchWebhook(name: string, known: readonly string[]): BatchError {
  const there =
    known.length === 0
      ? 'None was ever registered: that is done by the first scheduler or server that has one in its config.'
      : `There are ${known.join(', ')}.`
  return new BatchError(
    'NO_SUCH_WEBHOOK',
    `There is no webhook ${name}. ${didYouMeanOr(name, known, there)}`,
    {
      details: { webhook: name },
    },
  )
}
