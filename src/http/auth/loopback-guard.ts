/** Keeps pages of other sites, open in a browser on this machine, from using a server that asks for no token. */
import { isLoopbackHost } from '../../core/model/loopback-host.ts'
import { Problem } from '../problem.ts'

const SAFE_METHODS = ['GET', 'HEAD']

/**
 * A page whose name was rebound to 127.0.0.1 still sends its own name as the host. One that posts across sites sends its origin.
 * @throws Problem forbidden-host, cross-site
 */
export function refuseForeignPage(request: Request, door: 'loopback' | 'anywhere'): void {
  const host = request.headers.get('host') ?? new URL(request.url).host
  if (door === 'loopback' && !isLoopback(hostnameOf(`http://${host}`))) throw forbiddenHost()
  if (SAFE_METHODS.includes(request.method)) return
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  const isForeign = origin !== null && hostOf(origin) !== host.toLowerCase()
  if (isForeign || site === 'cross-site' || site === 'same-site') throw crossSite()
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
