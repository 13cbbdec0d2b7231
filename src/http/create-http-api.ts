/** The HTTP API as a fetch handler: it opens no port, and can be mounted in any server that speaks `Request` and `Response`. */
import { randomUUID } from 'node:crypto'
import { OpenAPIHono } from '@hono/zod-openapi'
import { BatchError } from '../core/model/batch-error.ts'
import type { Clock } from '../core/ports/clock.ts'
import { scheduleOperations } from '../scheduling/schedule-operations.ts'
import type { Api } from './api.ts'
import type { Door } from './auth/authenticate.ts'
import { guardRequest } from './auth/authenticate.ts'
import { createSessions } from './auth/sessions.ts'
import { createClosing } from './closing.ts'
import { viewExecution } from './execution-view.ts'
import { createEventFeed } from './event-feed.ts'
import { createExecutionWatch } from './execution-watch.ts'
import type { HttpApiOptions } from './http-api-options.ts'
import { createMasking } from './masking.ts'
import { openApiDocument } from './open-api-document.ts'
import { OPERATIONS } from './operations/index.ts'
import { Problem } from './problem.ts'
import { readinessChecks } from './readiness-checks.ts'
import { createReadiness } from './readiness.ts'
import { securityHeaders } from './security-headers.ts'
import { createStreams } from './streams.ts'
import { problemAnswer, serveOperation, type Serving } from './serve-operation.ts'

export interface HttpApi {
  /** Answers every request, also one that goes wrong: it never rejects. */
  readonly fetch: (request: Request) => Promise<Response>
  /** OpenAPI 3.1, with the parameters of each job. */
  readonly openApiDocument: () => Readonly<Record<string, unknown>>
  /** Answers long polls and ends streams. Pool and batch are whose they are. */
  readonly close: () => void
}

const MACHINE: Pick<Clock, 'now'> = { now: () => new Date() }
const MAX_BODY_BYTES = 262_144
const POLL_MILLISECONDS = 500
const MAX_STREAMS = 500
const HEARTBEAT_MILLISECONDS = 15_000

/** @throws BatchError INVALID_CONFIGURATION where neither tokens nor `anonymous` are given, or a token is none */
export function createHttpApi(options: HttpApiOptions): HttpApi {
  const door = doorOf(options)
  const api = apiOf(options, door)
  const serving = { api, door, maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES }
  const app = appOf(serving)
  return {
    fetch: async (request) => {
      try {
        return await app.fetch(request)
      } catch (error) {
        // What is thrown and is no Error, hono passes on.
        return problemAnswer(api, error, { requestId: randomUUID(), path: new URL(request.url).pathname })
      }
    },
    openApiDocument: api.openApiDocument,
    close: () => {
      api.closing.close()
      api.watch.close()
      api.feed.close()
    },
  }
}

type App = OpenAPIHono<{ Variables: { requestId: string } }>

function appOf(serving: Serving): App {
  const { api, door } = serving
  const app: App = new OpenAPIHono()
  app.use(async (context, next) => {
    const requestId = randomUUID()
    context.set('requestId', requestId)
    await next()
    for (const [name, value] of securityHeaders(context.res.headers)) context.res.headers.set(name, value)
    context.res.headers.set('X-Request-Id', requestId)
  })
  for (const operation of OPERATIONS) {
    app.on(operation.method, honoPath(operation.path), (context) =>
      serveOperation(serving, operation, context.req.raw, {
        params: context.req.param(),
        requestId: context.get('requestId'),
      }),
    )
  }
  app.all('*', ({ req }) => {
    guardRequest(door, req.raw)
    throw notFound(req.method, req.path)
  })
  app.onError((error, context) =>
    problemAnswer(api, error, { requestId: context.get('requestId'), path: context.req.path }),
  )
  return app
}

function apiOf(options: HttpApiOptions, door: Door): Api {
  const { batch, pool, schedules = [], clock = MACHINE } = options
  const { operator, repository, logger } = batch
  const everyMilliseconds = options.pollMilliseconds ?? POLL_MILLISECONDS
  const masking = createMasking(options.mask)
  let document: Readonly<Record<string, unknown>> | undefined
  const closing = createClosing(options.draining)
  const viewing = { operator, masking, clock }
  return {
    operator,
    repository,
    logger,
    pool,
    schedules,
    scheduling: scheduleOperations(batch, schedules, clock),
    clock,
    masking,
    watch: createExecutionWatch({
      view: (id, last) => viewExecution(viewing, id, last),
      everyMilliseconds,
      logger,
    }),
    feed: createEventFeed({ events: repository.events, everyMilliseconds, logger }),
    closing,
    streams: createStreams(
      options.maxStreams ?? MAX_STREAMS,
      options.heartbeatMilliseconds ?? HEARTBEAT_MILLISECONDS,
    ),
    lookWhetherReady: createReadiness(
      readinessChecks(repository, closing).concat(options.readiness ?? []),
      logger,
    ),
    metrics: options.metrics,
    sessions: door.kind === 'tokens' ? door.sessions : undefined,
    openApiDocument: () =>
      (document ??= openApiDocument({
        operations: OPERATIONS,
        jobs: operator.jobs,
        door: door.kind,
      })),
  }
}

function doorOf({ tokens = [], anonymous, clock = MACHINE }: HttpApiOptions): Door {
  const wrong = tokens.find(({ sha256 }) => !/^[0-9a-f]{64}$/i.test(sha256))
  if (wrong !== undefined)
    throw new BatchError(
      'INVALID_CONFIGURATION',
      `The sha256 of token ${wrong.name} is not 64 hexadecimal digits.`,
    )
  if (tokens.length > 0) return { kind: 'tokens', tokens, sessions: createSessions(clock) }
  if (anonymous !== undefined) return { kind: anonymous }
  throw new BatchError(
    'INVALID_CONFIGURATION',
    "The HTTP API has no tokens, so nobody could use it. Give it some; or anonymous: 'loopback', where it is listened for on loopback only.",
  )
}

function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

const MATCHERS = OPERATIONS.map(({ method, path }) => ({
  method: method.toUpperCase(),
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}))

function notFound(method: string, path: string): Problem {
  const methods = MATCHERS.filter(({ pattern }) => pattern.test(path)).map((one) => one.method)
  if (methods.length === 0) return new Problem('no-such-path', `There is nothing at ${path}.`)
  const allowed = methods.flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one])).join(', ')
  return new Problem('method-not-allowed', `${path} takes ${allowed}, not ${method}.`, {
    headers: { Allow: allowed },
  })
}
