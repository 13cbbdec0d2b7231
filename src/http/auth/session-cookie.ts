/** The cookie by which a browser comes back to its session. */
import { parse, serialize } from 'hono/utils/cookie'

const NAME = 'batchwright'
/** Browsers take it over TLS only, and from nobody but this host: a neighbour below the same domain cannot set it. */
const SECURE_NAME = `__Host-${NAME}`

/**
 * The secrets of sessions, that of the cookie for TLS first; none where no cookie of ours is sent. A browser that has come both ways
 * sends two, and keeps each of them longer than a server that ends knows it.
 */
export function sessionSecrets({ headers }: Request): readonly string[] {
  const sent = parse(headers.get('cookie') ?? '')
  return [sent[SECURE_NAME], sent[NAME]].filter((one) => one !== undefined)
}

/** No script can read it, and no page of another site makes the browser send it. */
export function sessionCookie(request: Request, secret: string, seconds: number): string {
  const terms = { httpOnly: true, sameSite: 'Strict', path: '/', maxAge: seconds } as const
  return isSecure(request)
    ? serialize(SECURE_NAME, secret, { ...terms, secure: true })
    : serialize(NAME, secret, terms)
}

/** Takes it back. */
export function noSessionCookie(request: Request): string {
  return sessionCookie(request, '', 0)
}

/** A proxy may have ended the TLS; the page itself, or the proxy, says how the browser came. A lie harms nobody but its teller. */
function isSecure({ url, headers }: Request): boolean {
  return (
    url.startsWith('https:') ||
    headers.get('origin')?.startsWith('https:') === true ||
    headers.get('x-forwarded-proto') === 'https'
  )
}
