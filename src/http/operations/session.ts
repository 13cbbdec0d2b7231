/** `POST /session` and `DELETE /session`: a cookie in the place of the token, for pages and their `EventSource`. */
import { z } from '@hono/zod-openapi'
import { showsToken, unauthenticated } from '../auth/authenticate.ts'
import { allows, SCOPES } from '../auth/scopes.ts'
import { noSessionCookie, sessionCookie, sessionSecrets } from '../auth/session-cookie.ts'
import { SESSION_SECONDS } from '../auth/sessions.ts'
import { type Operation, operation } from '../operation.ts'
import { NO_BODY, NO_QUERY } from '../schemas/nothing.ts'

export const beginSession: Operation = operation({
  id: 'beginSession',
  method: 'post',
  path: '/api/v1/session',
  scope: 'read',
  tag: 'session',
  summary: 'Exchange a token for a cookie',
  description:
    'For a page of this server: with the cookie it may what the token may, under its name, for twelve hours or until the server ends. ' +
    'What changes something has to come from a page of this server then.',
  query: NO_QUERY,
  body: NO_BODY,
  bodyMayBeLeftOut: true,
  answers: {
    200: {
      description: 'The cookie is set; there is none where the server knows no tokens.',
      schema: z
        .object({
          caller: z.object({ name: z.string(), may: z.array(z.enum(SCOPES)) }),
          expiresAt: z.iso.datetime().nullable().openapi({ description: 'Null: never.' }),
        })
        .openapi('Session'),
      headers: { 'Set-Cookie': 'HttpOnly, SameSite=Strict.' },
    },
  },
  problems: [],
  usesRepository: false,
  handle: async ({ sessions }, { caller, request }) => {
    const shown = { name: caller.name, may: SCOPES.filter((one) => allows(caller.scopes, one)) }
    if (sessions === undefined) return { status: 200, json: { caller: shown, expiresAt: null } }
    // A session that begins others would never end.
    if (!showsToken(request)) throw unauthenticated(request)
    const { secret, expiresAt } = sessions.begin(caller)
    return {
      status: 200,
      json: { caller: shown, expiresAt },
      headers: { 'Set-Cookie': sessionCookie(request, secret, SESSION_SECONDS) },
    }
  },
})

export const endSession: Operation = operation({
  id: 'endSession',
  method: 'delete',
  path: '/api/v1/session',
  scope: null,
  tag: 'session',
  summary: 'End the session of each cookie that is sent',
  description: 'Streams that are open go on until they are closed.',
  query: NO_QUERY,
  answers: {
    200: {
      description: 'There is none any more.',
      schema: z.object({ ended: z.boolean().openapi({ description: 'Whether there was one.' }) }),
      headers: { 'Set-Cookie': 'Takes the cookie back.' },
    },
  },
  problems: [],
  usesRepository: false,
  handle: async ({ sessions }, { request }) => {
    const ended = sessionSecrets(request).filter((secret) => sessions?.end(secret) === true).length > 0
    return { status: 200, json: { ended }, headers: { 'Set-Cookie': noSessionCookie(request) } }
  },
})
