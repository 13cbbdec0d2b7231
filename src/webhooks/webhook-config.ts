/** What a config says of a webhook, and what is wrong with it. */
import { EVENT_TYPES, type EventType } from '../core/model/batch-event.ts'
import { isLoopbackHost } from '../core/model/loopback-host.ts'
import { didYouMeanOr } from '../core/model/nearest-name.ts'
import { secretFault } from './webhook-secret.ts'

export interface WebhookConfig {
  /** Unique, at most 100 characters. The outbox goes by it: under another name it is another endpoint. */
  readonly name: string
  /** `https:`, or `http:` to this host. Its path may be a secret, and is not shown. */
  readonly url: string
  /** `whsec_` and at least 24 bytes in base64. While it is being changed two, the new one and the old one, with a space between. */
  readonly secret?: string
  /** The variable that holds the secret, instead of the config. */
  readonly secretFromEnvironment?: string
  /** Only of these types. @default all */
  readonly events?: readonly EventType[]
  /** Only of these jobs and their schedules. @default all */
  readonly jobs?: readonly string[]
}

const OPTIONS = ['name', 'url', 'secret', 'secretFromEnvironment', 'events', 'jobs'] as const
const NAME_LIMIT = 100

/** A sentence for each fault; none holds a secret. */
export function webhookFaults(webhooks: unknown): readonly string[] {
  if (!Array.isArray(webhooks))
    return ["webhooks must be a list of { name: '…', url: 'https://…', secretFromEnvironment: '…' }."]
  const list: readonly unknown[] = webhooks
  const faults = list.flatMap((one, index) => oneFaults(one, `webhooks[${index}]`))
  const names = list.map((one) => (isObject(one) ? one['name'] : undefined))
  const twice = names.filter((name, index) => typeof name === 'string' && names.indexOf(name) !== index)
  return [
    ...faults,
    ...twice.map((name) => `webhooks: the name '${String(name)}' is there twice; it must be unique.`),
  ]
}

function oneFaults(one: unknown, path: string): readonly string[] {
  if (!isObject(one))
    return [`${path} must be { name, url, secret or secretFromEnvironment, events?, jobs? }.`]
  const unknown = Object.keys(one).filter((key) => !OPTIONS.some((option) => option === key))
  const faults = [
    ...unknown.map((key) => unknownOption(key)),
    nameFault(one['name']),
    urlFault(one['url']),
    secretsFault(one),
    ...eventFaults(one['events']),
    jobsFault(one['jobs']),
  ]
  return faults.flatMap((fault) => (fault === undefined ? [] : [`${path}.${fault}`]))
}

function unknownOption(key: string): string {
  return `${key}: no such option. ${didYouMeanOr(key, OPTIONS, `The options are ${OPTIONS.join(', ')}.`)}`
}

function nameFault(name: unknown): string | undefined {
  if (typeof name === 'string' && /\S/.test(name) && !/\p{Cc}/u.test(name) && name.length <= NAME_LIMIT)
    return undefined
  return `name must be a text of at most ${NAME_LIMIT} characters that is not empty and has no control characters.`
}

/** The address itself is not repeated: it may hold a secret. */
function urlFault(url: unknown): string | undefined {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined) return 'url must be an address such as https://example.com/hooks.'
  if (parsed.username !== '' || parsed.password !== '')
    return 'url must hold no user and no password; the receiver knows us by the signature.'
  if (parsed.protocol === 'https:') return undefined
  if (parsed.protocol === 'http:' && isLoopbackHost(parsed.hostname)) return undefined
  return `url must begin with https:; http: is only for this host (localhost, 127.0.0.1, [::1]), and this is ${parsed.protocol}//${parsed.hostname}.`
}

function secretsFault({
  secret,
  secretFromEnvironment,
}: Readonly<Record<string, unknown>>): string | undefined {
  if ((secret === undefined) === (secretFromEnvironment === undefined))
    return 'secret, or secretFromEnvironment, must be given, and only one of them.'
  if (secret !== undefined) {
    const fault = secretFault(secret)
    return fault === undefined ? undefined : `secret ${fault}`
  }
  if (typeof secretFromEnvironment === 'string' && /^[A-Za-z_]\w*$/.test(secretFromEnvironment))
    return undefined
  // Somebody may have put the secret itself here.
  return 'secretFromEnvironment must be the name of an environment variable, such as WEBHOOK_SECRET.'
}

function eventFaults(events: unknown): readonly string[] {
  if (events === undefined) return []
  if (!Array.isArray(events) || events.length === 0)
    return [`events must be a list of at least one of ${EVENT_TYPES.join(', ')}; left out, it means all.`]
  const known: readonly string[] = EVENT_TYPES
  const unknown = (events as readonly unknown[]).filter((one) => !known.includes(one as string))
  return unknown.map((one) => {
    const hint = didYouMeanOr(typeof one === 'string' ? one : '', known, `There are ${known.join(', ')}.`)
    return `events: there is no event ${JSON.stringify(one)}. ${hint}`
  })
}

function jobsFault(jobs: unknown): string | undefined {
  if (jobs === undefined) return undefined
  const isList =
    Array.isArray(jobs) && jobs.length > 0 && jobs.every((one) => typeof one === 'string' && one !== '')
  return isList ? undefined : 'jobs must be a list of names of jobs, at least one; left out, it means all.'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
