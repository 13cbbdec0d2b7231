/** One attempt at a delivery: one request, and what its answer means. */
import type { ClaimedDelivery } from '../core/ports/webhook-store.ts'
import { parseRetryAfter } from './retry-delay.ts'
import type { WebhookEndpoint } from './webhook-endpoint.ts'

export type AttemptOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly error: string; readonly retryAfterMilliseconds?: number }
  /** 410: the receiver wants nothing more, ever. */
  | { readonly kind: 'gone'; readonly error: string }
  /** `signal` was aborted before there was an answer. */
  | { readonly kind: 'broken-off' }

export interface AttemptTerms {
  readonly timeoutMilliseconds: number
  readonly now: () => Date
  readonly signal: AbortSignal
}

const GONE = 410
const BODY_BYTES = 1024
const SHOWN_CHARACTERS = 200

/** Never throws. A redirect is a failure, and of the body of an answer only the beginning is read, to be shown. */
export async function sendWebhook(
  endpoint: WebhookEndpoint,
  delivery: ClaimedDelivery,
  { timeoutMilliseconds, now, signal }: AttemptTerms,
): Promise<AttemptOutcome> {
  const attempt = new AbortController()
  const breakOff = () => attempt.abort(signal.reason)
  const timer = setTimeout(
    () => attempt.abort(new Error(`no answer within ${timeoutMilliseconds / 1000} s`)),
    timeoutMilliseconds,
  )
  signal.addEventListener('abort', breakOff, { once: true })
  try {
    if (signal.aborted) return { kind: 'broken-off' }
    const response = await fetch(endpoint.url(), {
      method: 'POST',
      headers: headersOf(endpoint, delivery, now()),
      body: delivery.payload,
      redirect: 'manual',
      signal: attempt.signal,
    })
    return await judge(response, now())
  } catch (error) {
    if (signal.aborted) return { kind: 'broken-off' }
    return {
      kind: 'failed',
      error: attempt.signal.aborted ? messageOf(attempt.signal.reason) : messageOf(error),
    }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', breakOff)
  }
}

function headersOf(
  { sign }: WebhookEndpoint,
  { webhookId, payload }: ClaimedDelivery,
  now: Date,
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(now.getTime() / 1000)
  return {
    'content-type': 'application/json',
    'user-agent': 'batchwright',
    'webhook-id': webhookId,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': sign(webhookId, timestamp, payload),
  }
}

async function judge(response: Response, now: Date): Promise<AttemptOutcome> {
  const { ok, status, headers } = response
  if (ok) {
    await response.body?.cancel()
    return { kind: 'delivered' }
  }
  const text = await beginningOf(response)
  const error = text === '' ? `HTTP ${status}` : `HTTP ${status}: ${text}`
  if (status === GONE) return { kind: 'gone', error }
  const retryAfterMilliseconds = parseRetryAfter(headers.get('retry-after'), now)
  return { kind: 'failed', error, ...(retryAfterMilliseconds !== undefined && { retryAfterMilliseconds }) }
}

/** On one line, without anything that a terminal would obey. */
async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const parts: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop cancels the body.
  for await (const part of body as AsyncIterable<Uint8Array>) {
    parts.push(part)
    bytes += part.byteLength
    if (bytes >= BODY_BYTES) break
  }
  const text = Buffer.concat(parts).subarray(0, BODY_BYTES).toString('utf8')
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS)
}

/** `fetch` says what happened in its cause. The address is in none of them. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed'
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  // Where a host has several addresses, its errors are one without a message.
  const { code } = cause as { code?: unknown }
  return cause.message === '' && typeof code === 'string' ? code : cause.message
}
