/** Keeps pages of other sites from using a server by way of a browser: one that asks for no token, or that knows the browser's cookie. */
import { isLoopbackHost } from '../../core/model/loopback-host.ts'
import { Problem } from '../problem.ts'

const SAFE_METHODS = ['GET', 'HEAD']

/**
 * For what comes with a cookie: to change something, the browser has to say that a page of this server asks. Whatever sends neither of
 * the headers is no browser of these years, and has to send a token.
 * @throws Problem cross-site
 */
export function requireOwnPage(request: Request): void {
  if (SAFE_METHODS.includes(request.method)) return
  const { headers } = request
  const site = headers.get('sec-fetch-site')
  // A proxy may have changed the host, and then says nothing against the page.
  const isOwn =
    site === null ? isOfHost(headers.get('origin'), hostOfRequest(request)) : site === 'same-origin'
  if (!isOwn) throw crossSite()
}

/**
 * A page whose name was rebound to 127.0.0.1 still sends its own name as the host. One that posts across sites sends its origin.
 * @throws Problem forbidden-host, cross-site
 */
export function refuseForeignPage(request: Request, door: 'loopback' | 'anywhere'): void {
  const host = hostOfRequest(request)
  if (door === 'loopback' && !isLoopback(hostnameOf(`http://${host}`))) throw forbiddenHost()
  if (SAFE_METHODS.includes(request.method)) return
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  const isForeign = origin !== null && !isOfHost(origin, host)
  if (isForeign || site === 'cross-site' || site === 'same-site') throw crossSite()
}

function hostOfRequest({ headers, url }: Request): string {
  return headers.get('host') ?? new URL(url).host
}

function isOfHost(origin: string | null, host: string): boolean {
  return origin !== null && hostOf(origin) === host.toLowerCase()
}

/** Browsers take every name below `localhost` for this machine. */
function isLoopback(hostname: string | undefined): boolean {
  return hostname !== undefined && (isLoopbackHost(hostname) || hostname.endsWith('.localhost'))
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined
}

function forbiddenHost(): Problem {
  return new Problem(
    'forbidden-host',
    'Without tokens this server answers only to localhost, 127.0.0.1 and [::1]. Give it tokens to be reached by other names.',
  )
}

function crossSite(): Problem {
  return new Problem('cross-site', 'A page of another site asked for this. Nothing was done.')
}
