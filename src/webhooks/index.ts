/** Webhooks: endpoints of the config are told of what happens, signed as Standard Webhooks says. */
export type { WebhookObserver } from './attempt-delivery.ts'
export {
  createWebhookDispatcher,
  type WebhookBatch,
  type WebhookDispatcher,
  type WebhookOptions,
} from './dispatcher.ts'
export type { RetryRules } from './retry-delay.ts'
export type { WebhookConfig } from './webhook-config.ts'
export { openWebhookEndpoints, type WebhookEndpoint } from './webhook-endpoint.ts'
export type { SignWebhook } from './webhook-secret.ts'
export { webhookPayload } from './webhook-payload.ts'
