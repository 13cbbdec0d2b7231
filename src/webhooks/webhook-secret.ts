/** Secrets of webhooks, and the signature that is made with them, as Standard Webhooks says. */
import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'
const LEAST_BYTES = 24
const MOST_BYTES = 64

/** Undefined where it will do, else what it must be; never the secret. */
export function secretFault(secret: unknown): string | undefined {
  const texts = typeof secret === 'string' ? textsOf(secret) : []
  const isValid = texts.length > 0 && texts.every((text) => keyOf(text) !== undefined)
  return isValid
    ? undefined
    : `must be ${PREFIX} and ${LEAST_BYTES} to ${MOST_BYTES} bytes in base64. ` +
        `To make one: node -p "'${PREFIX}' + crypto.randomBytes(32).toString('base64')"`
}

/** Gives the header `webhook-signature`. */
export type SignWebhook = (webhookId: string, timestamp: number, body: string) => string

/** What it returns shows no secret, however it is printed. @param secret one that {@link secretFault} finds no fault with */
export function signWith(secret: string): SignWebhook {
  const keys = textsOf(secret).flatMap((text) => keyOf(text) ?? [])
  return (webhookId, timestamp, body) =>
    keys.map((key) => `v1,${hmac(key, `${webhookId}.${timestamp}.${body}`)}`).join(' ')
}

function hmac(key: Buffer, content: string): string {
  return createHmac('sha256', key).update(content, 'utf8').digest('base64')
}

/** While a secret is being changed there are two. */
function textsOf(secret: string): readonly string[] {
  return secret.split(/\s+/).filter((text) => text !== '')
}

function keyOf(text: string): Buffer | undefined {
  const base64 = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : ''
  // Buffer reads over whatever is no base64.
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return undefined
  const key = Buffer.from(base64, 'base64')
  return key.length >= LEAST_BYTES && key.length <= MOST_BYTES ? key : undefined
}
