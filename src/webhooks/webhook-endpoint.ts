/** An endpoint that is told of events, with its secret where nobody can read it. */
import type { BatchEvent } from '../core/model/batch-event.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { didYouMeanOr } from '../core/model/nearest-name.ts'
import { type WebhookConfig, webhookFaults } from './webhook-config.ts'
import { secretFault, signWith, type SignWebhook } from './webhook-secret.ts'

export interface WebhookEndpoint {
  readonly name: string
  /** Whole, to send to; people are shown `origin`. */
  readonly url: () => string
  /** `https://example.com`: the rest of the address may hold a secret. */
  readonly origin: string
  readonly sign: SignWebhook
  readonly wants: (event: BatchEvent) => boolean
}

/**
 * @param jobNames those that there are: a misspelt one would never be told of
 * @throws BatchError INVALID_CONFIGURATION, with every fault
 */
export function openWebhookEndpoints(
  configs: readonly WebhookConfig[],
  environment: Readonly<Record<string, string | undefined>>,
  jobNames: readonly string[],
): readonly WebhookEndpoint[] {
  const faults = [
    ...webhookFaults(configs),
    ...configs.flatMap((config) => [
      ...environmentFaults(config, environment),
      ...jobFaults(config, jobNames),
    ]),
  ]
  if (faults.length === 0) return configs.map((config) => endpointOf(config, environment))
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `The webhooks are not valid.${faults.map((fault) => `\n  ${fault}`).join('')}`,
    { details: { faults } },
  )
}

function endpointOf(
  config: WebhookConfig,
  environment: Readonly<Record<string, string | undefined>>,
): WebhookEndpoint {
  const { name, url, secret, secretFromEnvironment = '', events, jobs } = config
  return {
    name,
    url: () => url,
    origin: new URL(url).origin,
    sign: signWith(secret ?? environment[secretFromEnvironment] ?? ''),
    wants: (event) => {
      const isOfJob = jobs === undefined || (event.jobName !== null && jobs.includes(event.jobName))
      return isOfJob && (events === undefined || events.includes(event.type))
    },
  }
}

function environmentFaults(
  { name, secretFromEnvironment }: WebhookConfig,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (secretFromEnvironment === undefined) return []
  const secret = environment[secretFromEnvironment]
  if (secret === undefined || secret === '')
    return [
      `webhook '${name}': the environment variable ${secretFromEnvironment} is not set; it must hold the secret.`,
    ]
  const fault = secretFault(secret)
  return fault === undefined
    ? []
    : [`webhook '${name}': the environment variable ${secretFromEnvironment} ${fault}`]
}

/** A misspelt job would never be told of. A sentence for each. */
export function webhookJobFaults(
  webhooks: readonly WebhookConfig[],
  jobNames: readonly string[],
): readonly string[] {
  return webhooks.flatMap((config) => jobFaults(config, jobNames))
}

function jobFaults({ name, jobs = [] }: WebhookConfig, jobNames: readonly string[]): readonly string[] {
  return jobs
    .filter((job) => !jobNames.includes(job))
    .map((job) => {
      const hint = didYouMeanOr(job, jobNames, `There are ${jobNames.join(', ')}.`)
      return `webhook '${name}': there is no job ${job}. ${hint}`
    })
}
