/** What is answered when a request is refused: problem details as RFC 9457 has them, with codes that stay. */

/** Every code that the API answers, with its HTTP status. `docs/http-api.md` says what to do about each. */
export const PROBLEMS = {
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'token-in-query': { status: 400, title: 'A token does not belong into the address' },
  unauthenticated: { status: 401, title: 'A token is needed' },
  'insufficient-scope': { status: 403, title: 'The token does not reach so far' },
  'forbidden-host': { status: 403, title: 'Not by this name' },
  'cross-site': { status: 403, title: 'Not from another site' },
  'no-such-path': { status: 404, title: 'There is nothing here' },
  'no-such-job': { status: 404, title: 'There is no such job' },
  'no-such-instance': { status: 404, title: 'There is no such instance' },
  'no-such-execution': { status: 404, title: 'There is no such execution' },
  'no-such-step': { status: 404, title: 'The execution has no such step' },
  'no-such-schedule': { status: 404, title: 'There is no such schedule' },
  'no-such-quarantined-item': { status: 404, title: 'The quarantine has no such item' },
  'no-such-webhook': { status: 404, title: 'There is no such webhook' },
  'no-such-delivery': { status: 404, title: 'There is no such delivery' },
  'outcome-pending': { status: 404, title: 'It has not ended yet' },
  'method-not-allowed': { status: 405, title: 'Not with this method' },
  'instance-running': { status: 409, title: 'The instance is running' },
  'instance-complete': { status: 409, title: 'The instance is complete' },
  'instance-abandoned': { status: 409, title: 'The instance is abandoned' },
  'not-restartable': { status: 409, title: 'The instance cannot be restarted' },
  'definition-changed': { status: 409, title: "The job's definition has changed" },
  'not-running': { status: 409, title: 'The execution is not running' },
  'still-running': { status: 409, title: 'The execution is still running' },
  'heartbeat-fresh': { status: 409, title: 'The owner of the execution is alive' },
  'not-abandonable': { status: 409, title: 'The execution cannot be abandoned' },
  'nothing-to-redrive': { status: 409, title: 'Nothing can be redriven' },
  'redrive-refused': { status: 409, title: 'The redrive is refused' },
  'job-busy': { status: 409, title: 'The job is running' },
  'trigger-refused': { status: 409, title: 'The schedule could not be fired' },
  'webhook-disabled': { status: 409, title: 'The webhook is disabled' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON' },
  'invalid-request': { status: 422, title: 'The request is not valid' },
  'invalid-parameters': { status: 422, title: "The job's parameters are not valid" },
  'idempotency-key-reused': { status: 422, title: 'The key was used for something else' },
  'at-capacity': { status: 429, title: 'Too many executions run here' },
  unexpected: { status: 500, title: 'Something went wrong here' },
  'database-unavailable': { status: 503, title: 'The job repository cannot be reached' },
  'process-died': { status: 503, title: 'The process that was asked has died' },
  draining: { status: 503, title: 'The server is ending' },
  'too-many-streams': { status: 503, title: 'Too many event streams are open' },
  'not-ready': { status: 503, title: 'The server is not ready' },
} as const

export type ProblemCode = keyof typeof PROBLEMS

export interface ProblemFacts {
  /** Members of the answer besides those of RFC 9457. */
  readonly facts?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** Thrown by whatever serves a request; `detail` is shown to the caller, so it holds no secrets. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly facts: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ProblemCode, detail: string, { facts = {}, headers = {}, cause }: ProblemFacts = {}) {
    super(detail, cause === undefined ? undefined : { cause })
    this.name = 'Problem'
    this.code = code
    this.facts = facts
    this.headers = headers
  }
}

const CLIENT_COMES_BACK_SECONDS = '5'

export function problemResponse(problem: Problem, instance: string | undefined): Response {
  const { code, message, facts, headers } = problem
  const { status, title } = PROBLEMS[code]
  const body = {
    type: `urn:batchwright:problem:${code}`,
    title,
    status,
    detail: message,
    ...(instance === undefined ? {} : { instance }),
    code,
    ...facts,
  }
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(status === 429 || status === 503 ? { 'Retry-After': CLIENT_COMES_BACK_SECONDS } : {}),
      ...headers,
    },
  })
}
