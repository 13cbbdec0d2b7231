/** The webhooks of the project's config, for commands that send them. */
import type { AnyJob } from '../create-batch.ts'
import { openWebhookEndpoints, type WebhookEndpoint } from '../webhooks/webhook-endpoint.ts'
import type { CommandContext } from './command-context.ts'
import type { Project } from './find-project.ts'

/** @throws BatchError INVALID_CONFIGURATION: a secret that is not in the environment, a job that there is not */
export function configuredWebhooks(
  { environment }: CommandContext,
  { config }: Project,
  jobs: readonly AnyJob[],
): readonly WebhookEndpoint[] {
  const names = jobs.map(({ name }) => name)
  return openWebhookEndpoints(config.webhooks ?? [], environment, names)
}

/** For requests under way when nothing runs any more; what they were to deliver is delivered by the next process. */
export const WEBHOOK_GRACE = { graceMilliseconds: 3_000 }

/** `sending webhooks to ops (https://example.com), …` */
export function webhooksText(endpoints: readonly WebhookEndpoint[]): string {
  const names = endpoints.map(({ name, origin }) => `${name} (${origin})`)
  return `sending webhooks to ${names.join(', ')}`
}
