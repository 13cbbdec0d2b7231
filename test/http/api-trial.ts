/** An HTTP API without a port, what it was asked, and what it answered. */
import { pino } from 'pino'
import { type Batch, createBatch } from '../../src/create-batch.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { createHttpApi, type HttpApi } from '../../src/http/create-http-api.ts'
import type { HttpApiOptions } from '../../src/http/http-api-options.ts'
import { SCOPES, type Scope } from '../../src/http/auth/scopes.ts'
import { tokenHash } from '../../src/http/auth/access-token.ts'
import type { ExecutionPool } from '../../src/pool/execution-pool.ts'
import { localPool } from '../../src/pool/local-pool.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { fail, gateOf, greet, held, hourly, keyed, once, skip, split, wait } from './jobs.ts'

export interface ApiTrial {
  readonly batch: Batch
  readonly pool: ExecutionPool
  readonly api: HttpApi
  readonly ask: Ask
  readonly follow: Follow
  /** Stops what runs, and waits for it. */
  readonly close: () => Promise<void>
}

export interface Asked {
  readonly json?: unknown
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whose token is sent. @default admin */
  readonly as?: Scope | 'nobody'
  readonly signal?: AbortSignal
}

/** `POST /api/v1/jobs/greet/executions` */
export type Ask = (what: string, asked?: Asked) => Promise<Answered>

/** As it comes in. */
export type Follow = (what: string, asked?: Asked) => Promise<Followed>

export interface Followed {
  /** All of it so far, as soon as it satisfies. @throws when it ends before */
  readonly until: (satisfies: (text: string) => boolean) => Promise<string>
  readonly cancel: () => Promise<void>
  /** Resolves when the server has ended it. */
  readonly ended: Promise<void>
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Of an answer that is no JSON, an empty one. */
  readonly json: AnswerJson
}

/** What tests look at in answers. */
export interface AnswerJson {
  readonly [name: string]: unknown
  readonly jobExecutionId: string
  readonly code: string
  readonly items: readonly AnswerJson[]
  readonly nextCursor: string | null
}

export interface TrialOptions extends Partial<Omit<HttpApiOptions, 'batch' | 'pool'>> {
  readonly repository?: JobRepository
  readonly limit?: number
  readonly onAnswer?: (request: Request, response: Response, text: string) => void
  /** Around what the API is given. */
  readonly around?: (batch: Batch) => Batch
  readonly poolAround?: (pool: ExecutionPool) => ExecutionPool
}

export const JOBS = [greet, wait, fail, keyed, once, skip, split]
export const SCHEDULES = [hourly, held]

/** One for each scope, named like it; the token is `token-of-read` …. */
export const TOKENS = SCOPES.map((scope) => ({
  name: scope,
  scopes: [scope],
  sha256: tokenHash(`token-of-${scope}`),
}))

export function apiTrial(options: TrialOptions = {}): ApiTrial {
  const {
    repository = memoryRepository(),
    limit = 50,
    around = (one) => one,
    poolAround = (one) => one,
    ...more
  } = options
  const batch = createBatch({
    repository,
    jobs: JOBS,
    leaseMilliseconds: repository.leaseMilliseconds ?? 1000,
    logger: pino({ level: 'silent' }),
  })
  const pool = localPool({ batch, schedules: SCHEDULES, limit })
  const door = more.anonymous === undefined ? { tokens: TOKENS } : {}
  const api = createHttpApi({
    pollMilliseconds: 5,
    schedules: SCHEDULES,
    ...door,
    ...more,
    batch: around(batch),
    pool: poolAround(pool),
  })
  return {
    batch,
    pool,
    api,
    ask: askOf(api, options),
    follow: followOf(api, options),
    close: async () => {
      api.close()
      await pool.drain('the test is over')
      await batch.close()
    },
  }
}

function askOf(api: HttpApi, options: TrialOptions): Ask {
  return async (what, asked) => {
    const request = requestOf(options, what, asked)
    const response = await api.fetch(request)
    const text = await response.text()
    options.onAnswer?.(request, response, text)
    const { status, headers } = response
    const isJson = /json/.test(headers.get('content-type') ?? '')
    return { status, headers, text, json: (isJson && text !== '' ? JSON.parse(text) : {}) as AnswerJson }
  }
}

function followOf(api: HttpApi, options: TrialOptions): Follow {
  return async (what, asked) => {
    const { body } = await api.fetch(requestOf(options, what, asked))
    if (body === null) throw new Error(`${what}: there is no stream`)
    const decoder = new TextDecoder()
    let text = ''
    let more = (): void => {}
    const reader = body.getReader()
    const ended = (async () => {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        text += decoder.decode(value, { stream: true })
        more()
      }
    })()
    return {
      ended,
      cancel: () => reader.cancel(),
      until: (satisfies) =>
        new Promise((resolve, reject) => {
          more = () => {
            if (satisfies(text)) resolve(text)
          }
          more()
          ended.then(() => reject(new Error(`it has ended: ${text}`)), reject)
        }),
    }
  }
}

function requestOf(
  { anonymous }: TrialOptions,
  what: string,
  { json, text, headers = {}, as = 'admin', signal }: Asked = {},
): Request {
  const [method = '', path = ''] = what.split(' ')
  const body = text ?? (json === undefined ? undefined : JSON.stringify(json))
  const isOpen = anonymous !== undefined || as === 'nobody'
  return new Request(`http://127.0.0.1:7070${path}`, {
    method,
    headers: {
      ...(isOpen ? {} : { Authorization: `Bearer token-of-${as}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  })
}

let names = 0

/** A name that no instance has yet. */
export function newName(): string {
  names += 1
  return `n${names}`
}

/** Launched, waited for, and answered: an execution that has ended. */
export async function ended(ask: Ask, job: string, name = newName()): Promise<AnswerJson> {
  const { json } = await ask(`POST /api/v1/jobs/${encodeURIComponent(job)}/executions?wait=60s`, {
    json: { parameters: { name } },
  })
  return json
}

/** One that runs until {@link gateOf} its name is opened. */
export async function running(
  ask: Ask,
  name = newName(),
): Promise<{ readonly id: string; readonly open: () => void }> {
  const { json } = await ask('POST /api/v1/jobs/wait/executions', { json: { parameters: { name } } })
  return { id: json.jobExecutionId, open: gateOf(name).open }
}
