/** Who asks, by the bearer token of a request or the session of its cookie; or anybody, where the server knows no tokens. */
import { Problem } from '../problem.ts'
import { type AccessToken, type Caller, findCaller } from './access-token.ts'
import { refuseForeignPage, requireOwnPage } from './foreign-pages.ts'
import { allows, SCOPES, type Scope } from './scopes.ts'
import { sessionSecrets } from './session-cookie.ts'
import type { Sessions } from './sessions.ts'

/**
 * `loopback`: no token is asked for, and requests by the name of another host, or that a browser was talked into, are refused.
 * `anywhere`: by whatever name; something else guards it.
 */
export type Door =
  | { readonly kind: 'tokens'; readonly tokens: readonly AccessToken[]; readonly sessions: Sessions }
  | { readonly kind: 'loopback' | 'anywhere' }

const ANYBODY: Caller = { name: 'anonymous', scopes: SCOPES }
const NOBODY: Caller = { name: 'anonymous', scopes: [] }
const CHALLENGE = 'Bearer realm="batchwright"'
const IN_QUERY = ['access_token', 'token', 'api_key', 'authorization']

/** For every request, before anything else is looked at. @throws Problem forbidden-host, cross-site, token-in-query */
export function guardRequest(door: Door, request: Request): void {
  if (door.kind !== 'tokens') refuseForeignPage(request, door.kind)
  else if (!showsToken(request) && sessionSecrets(request).length > 0) requireOwnPage(request)
  const names = [...new URL(request.url).searchParams.keys()].map((name) => name.toLowerCase())
  if (!names.some((name) => IN_QUERY.includes(name))) return
  throw new Problem(
    'token-in-query',
    'A token in the address ends in logs and histories. Send it as "Authorization: Bearer …", and revoke this one.',
  )
}

/** @throws Problem unauthenticated, insufficient-scope */
export function authenticate(door: Door, request: Request, wanted: Scope): Caller {
  const caller = callerOf(door, request)
  if (caller === undefined) throw unauthenticated(request)
  requireScope(caller, wanted)
  return caller
}

/** Where nobody has to say who asks: who it is all the same, for the log. */
export function callerIfKnown(door: Door, request: Request): Caller {
  return callerOf(door, request) ?? NOBODY
}

/** @throws Problem insufficient-scope */
export function requireScope({ name, scopes }: Caller, wanted: Scope): void {
  if (allows(scopes, wanted)) return
  throw new Problem(
    'insufficient-scope',
    `This takes the scope ${wanted}; the token of ${name} has ${scopes.join(', ') || 'none'}.`,
    {
      facts: { scope: wanted },
      headers: { 'WWW-Authenticate': `${CHALLENGE}, error="insufficient_scope", scope="${wanted}"` },
    },
  )
}

/** Then a cookie is passed over. */
export function showsToken({ headers }: Request): boolean {
  return headers.has('authorization')
}

function callerOf(door: Door, request: Request): Caller | undefined {
  if (door.kind !== 'tokens') return ANYBODY
  const header = request.headers.get('authorization')
  return header === null ? callerOfSession(door.sessions, request) : callerOfToken(door.tokens, header)
}

/** As for a request without a token that is known. */
export function unauthenticated({ headers }: Request): Problem {
  const header = headers.get('authorization')
  return new Problem(
    'unauthenticated',
    header === null
      ? 'A token is needed: "Authorization: Bearer …".'
      : 'The Authorization header holds no token that is known here.',
    { headers: { 'WWW-Authenticate': header === null ? CHALLENGE : `${CHALLENGE}, error="invalid_token"` } },
  )
}

function callerOfToken(tokens: readonly AccessToken[], header: string): Caller | undefined {
  const [, presented] = /^bearer +([^\s]{1,512})$/i.exec(header) ?? []
  return presented === undefined ? undefined : findCaller(tokens, presented)
}

function callerOfSession({ callerOf: find }: Sessions, request: Request): Caller | undefined {
  return sessionSecrets(request)
    .map(find)
    .find((caller) => caller !== undefined)
}
