/** `POST /jobs/{job}/executions` */
import { createHash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { parametersJsonSchema } from '../../core/definition/parameters-schema.ts'
import { isLive } from '../../core/model/batch-status.ts'
import type { JobExecution } from '../../core/model/job-execution.ts'
import type { IdempotencyKey, LaunchOrder } from '../../core/operator/launch-order.ts'
import type { PooledLaunch } from '../../pool/execution-pool.ts'
import type { Api } from '../api.ts'
import { pointer } from '../batch-error-problem.ts'
import { executionPath, shownExecution } from '../execution-view.ts'
import type { Answer } from '../answer.ts'
import { type Call, type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { requestTrace } from '../request-trace.ts'
import { launchedSchema } from '../schemas/execution-schemas.ts'
import { type GivenParameters, givenParameters, givenTrigger } from '../schemas/launch-schemas.ts'
import { askedWait, viewAfterWait, waitQuery } from '../wait-for-end.ts'

const KEY_LIMIT = 200
/** Printable ASCII; spaces at its ends would be lost on the way. */
const KEY = /^[!-~]([ -~]*[!-~])?$/
const LOCATED = { Location: 'The execution.', 'Idempotent-Replayed': '`true` where the key was used before.' }

const body = z.strictObject({
  parameters: givenParameters,
  mode: z.enum(['start', 'next']).default('start').openapi({
    description: '`next`: a new instance, with what the last one had in place of what is not given.',
  }),
  onExisting: z.enum(['reject', 'return']).default('reject').openapi({
    description: 'What an instance is that is running or complete: a refusal, or the answer.',
  }),
  trigger: givenTrigger.optional(),
})

export const launch: Operation = operation({
  id: 'launchJob',
  method: 'post',
  path: '/api/v1/jobs/{job}/executions',
  scope: 'launch',
  tag: 'jobs',
  summary: 'Launch a job',
  description:
    'A new instance, or a restart of one that has failed or was stopped; `restartOf` says so. A job that fails is no error of the request.',
  query: waitQuery,
  headers: z.object({
    'Idempotency-Key': z.string().min(1).max(KEY_LIMIT).regex(KEY).optional().openapi({
      description: 'Of one attempt: sent again, the first answer is given again, and nothing is launched.',
    }),
    Prefer: z.string().optional().openapi({ example: 'wait=30' }),
  }),
  body,
  answers: {
    200: {
      description: 'It has ended, whatever became of it; or it was complete, and onExisting is `return`.',
      schema: launchedSchema,
      headers: LOCATED,
    },
    202: {
      description: 'It is launched, and goes on; or it was running, and onExisting is `return`.',
      schema: launchedSchema,
      headers: { ...LOCATED, 'Retry-After': 'Seconds.' },
    },
  },
  problems: [
    'no-such-job',
    'instance-running',
    'instance-complete',
    'instance-abandoned',
    'not-restartable',
    'definition-changed',
    'invalid-parameters',
    'idempotency-key-reused',
    'at-capacity',
    'draining',
    'process-died',
  ],
  handle: async (api, call) => {
    const wait = askedWait(call.query.wait, call.request)
    const order = orderOf(api, call)
    return launchedAnswer(api, call, await api.pool.launch(order), wait)
  },
})

type LaunchCall = Call<{ readonly job: string }, z.output<typeof waitQuery>, z.output<typeof body>>

function orderOf({ operator }: Api, { params, body: given, caller, request }: LaunchCall): LaunchOrder {
  const job = operator.findJob(params.job)
  const { mode, onExisting, trigger } = given
  const parameters = parameterTexts(given.parameters, parametersJsonSchema(job.parameters))
  const ordered = { jobName: job.name, parameters, mode, onExisting }
  const key = idempotencyKey(request, { ...ordered, trigger: trigger ?? null })
  return {
    ...ordered,
    trigger: trigger ?? { type: 'http', name: null },
    runner: 'server',
    by: caller.name,
    ...requestTrace(request),
    ...(key === undefined ? {} : { idempotency: key }),
  }
}

/**
 * The texts that the schema parses, as the command line gives them. What the schema wants as a text must be one: `true` is not taken
 * for "true".
 * @throws Problem invalid-parameters
 */
export function parameterTexts(
  given: GivenParameters,
  schema: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const properties = schema['properties'] as Readonly<Record<string, { readonly type?: unknown }>>
  const present = Object.entries(given).filter(([, value]) => value !== null)
  const errors = present
    .filter(([name, value]) => typeof value !== 'string' && properties[name]?.type === 'string')
    .map(([name, value]) => ({
      pointer: pointer(['parameters', name]),
      detail: `expected a string, got ${JSON.stringify(value)}`,
    }))
  if (errors.length === 0) return Object.fromEntries(present.map(([name, value]) => [name, String(value)]))
  throw new Problem('invalid-parameters', 'The parameters are not valid; nothing was started.', {
    facts: { errors },
  })
}

function idempotencyKey(
  request: Request,
  ordered: Readonly<Record<string, unknown>>,
): IdempotencyKey | undefined {
  const key = request.headers.get('idempotency-key')
  if (key === null) return undefined
  if (key.length > KEY_LIMIT || !KEY.test(key)) throw wrongKey()
  return { key, requestHash: createHash('sha256').update(canonical(ordered)).digest('hex') }
}

/** The same whatever the order of the names. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}

function wrongKey(): Problem {
  const detail = `It must be 1 to ${KEY_LIMIT} printable characters of ASCII.`
  return new Problem('invalid-request', 'The request is not valid; nothing was done.', {
    facts: { errors: [{ parameter: 'Idempotency-Key', detail }] },
  })
}

const RETRY_SECONDS = '2'

export async function launchedAnswer(
  api: Api,
  { request }: { readonly request: Request },
  launched: PooledLaunch,
  wait: number,
): Promise<Answer> {
  const { execution: first } = launched
  const execution = wait === 0 ? first : (await viewAfterWait(api, first.id, wait, request)).execution
  const isOver = wait > 0 && !isLive(execution.status)
  const wasComplete = launched.outcome === 'existing' && !isLive(first.status)
  const status = isOver || wasComplete ? 200 : 202
  return {
    status,
    json: launchedJson(api, launched, execution),
    headers: {
      Location: executionPath(first.id),
      ...(status === 202 ? { 'Retry-After': RETRY_SECONDS } : {}),
      ...(launched.outcome === 'replayed' ? { 'Idempotent-Replayed': 'true' } : {}),
      ...(wait > 0 && request.headers.has('prefer') ? { 'Preference-Applied': 'wait' } : {}),
    },
  }
}

function launchedJson(
  api: Api,
  launched: PooledLaunch,
  execution: JobExecution,
): Readonly<Record<string, unknown>> {
  const isNew = launched.outcome === 'started'
  return {
    ...shownExecution(api, execution),
    restartOf: launched.outcome === 'existing' ? null : launched.restartOf,
    recovered: isNew ? launched.recovered : null,
    leftBehind: isNew ? launched.leftBehind : null,
  }
}
