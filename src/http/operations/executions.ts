/** `GET /executions`, `GET /executions/{id}`, its outcome and its context. */
import { z } from '@hono/zod-openapi'
import { BATCH_STATUSES, type BatchStatus, isLive } from '../../core/model/batch-status.ts'
import type { JobExecutionDetails } from '../../core/model/job-execution.ts'
import { parseTrigger, TRIGGER_NAME_LIMIT, TRIGGER_TYPES } from '../../core/model/launch-facts.ts'
import type { ExecutionFilter } from '../../core/ports/job-repository.ts'
import { exitCodeOfRecord } from '../../core/operator/exit-code.ts'
import { contextJson } from '../../json/execution-json.ts'
import type { Api } from '../api.ts'
import { decodeCursor, encodeCursor, pageOf } from '../cursor.ts'
import { type ExecutionView, shownExecution } from '../execution-view.ts'
import { checkedExecutionId, findExecution } from '../find-execution.ts'
import type { Answer } from '../answer.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import { contextSchema } from '../schemas/context-schema.ts'
import { executionDetailsSchema, executionsSchema, outcomeSchema } from '../schemas/execution-schemas.ts'
import { pageQuery } from '../schemas/page-query.ts'
import { askedWait, viewAfterWait, waitQuery } from '../wait-for-end.ts'
import { NO_QUERY } from '../schemas/nothing.ts'

const status = z.enum(BATCH_STATUSES)
const TRIGGER = new RegExp(`^(${TRIGGER_TYPES.join('|')})(:.{1,${TRIGGER_NAME_LIMIT}})?$`)

export const listExecutions: Operation = operation({
  id: 'listExecutions',
  method: 'get',
  path: '/api/v1/executions',
  scope: 'read',
  tag: 'executions',
  summary: 'Executions, newest first',
  query: z.strictObject({
    job: z.string().optional(),
    status: z
      .union([status, z.array(status)])
      .optional()
      .openapi({ description: 'May be repeated.' }),
    instance: z.string().optional(),
    trigger: z.string().regex(TRIGGER).optional().openapi({
      description: 'What made it begin: a type, or a type and a name.',
      example: 'schedule:nightly',
    }),
    attention: z.enum(['true', 'false']).default('false').openapi({
      description:
        '`true`: the latest of instances that wait for somebody: FAILED, STOPPED, UNKNOWN or stale.',
    }),
    from: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Created then or later.' }),
    to: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Created before then.' }),
    q: z.string().min(1).max(200).optional().openapi({
      description: 'The beginning of a parameter, `name=value`, or words of the exit description.',
    }),
    ...pageQuery,
  }),
  answers: { 200: { description: 'A page of them.', schema: executionsSchema } },
  problems: [],
  handle: async (api, { query: { limit, cursor, ...filter } }) => {
    const before = decodeCursor('executions', filter, cursor)
    const { instance } = filter
    if (instance !== undefined && !isRecordId(instance))
      return { status: 200, json: { items: [], nextCursor: null } }
    const rows = await api.operator.listJobExecutions({
      limit: limit + 1,
      ...executionFilter(filter),
      ...(before !== undefined && { before }),
    })
    const { items, nextCursor } = pageOf(rows, limit, ({ id }) => encodeCursor('executions', filter, id))
    return { status: 200, json: { items: items.map((one) => shownExecution(api, one)), nextCursor } }
  },
})

interface GivenFilter {
  readonly job?: string | undefined
  readonly status?: BatchStatus | readonly BatchStatus[] | undefined
  readonly instance?: string | undefined
  readonly trigger?: string | undefined
  readonly attention: 'true' | 'false'
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly q?: string | undefined
}

function executionFilter(given: GivenFilter): Omit<ExecutionFilter, 'limit' | 'before'> {
  const { job, status: statuses, instance, attention, from, to, q } = given
  const trigger = given.trigger === undefined ? undefined : parseTrigger(given.trigger)
  return {
    ...(job !== undefined && { jobName: job }),
    ...(statuses !== undefined && { statuses: [statuses].flat() }),
    ...(instance !== undefined && { jobInstanceId: instance }),
    ...(trigger !== undefined && { trigger }),
    ...(attention === 'true' && { attention: true }),
    ...(from !== undefined && { createdFrom: new Date(from) }),
    ...(to !== undefined && { createdUntil: new Date(to) }),
    ...(q !== undefined && { text: q }),
  }
}

export const getExecution: Operation = operation({
  id: 'getExecution',
  method: 'get',
  path: '/api/v1/executions/{id}',
  scope: 'read',
  tag: 'executions',
  summary: 'An execution, and what may be done with it',
  query: waitQuery,
  headers: z.object({ 'If-None-Match': z.string().optional() }),
  answers: {
    200: {
      description: 'However it stands.',
      schema: executionDetailsSchema,
      headers: { ETag: 'Changes when it does.', 'Retry-After': 'Seconds, while it is live.' },
    },
    304: { description: 'It has not changed.', headers: { ETag: 'The same.' } },
  },
  problems: ['no-such-execution'],
  handle: async (api, { params, query, request }) => {
    const wait = askedWait(query.wait, request)
    return detailsAnswer(await viewAfterWait(api, checkedExecutionId(params.id), wait, request), request)
  },
})

const POLL_AGAIN_SECONDS = '5'

function detailsAnswer({ json, etag, hasEnded }: ExecutionView, request: Request): Answer {
  const headers = { ETag: etag, ...(hasEnded ? {} : { 'Retry-After': POLL_AGAIN_SECONDS }) }
  return matches(request.headers.get('if-none-match'), etag)
    ? { status: 304, body: null, headers }
    : { status: 200, json, headers }
}

/** Ours are weak, and compared as such. */
function matches(header: string | null, etag: string): boolean {
  const known = (header ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
  return known.includes('*') || known.includes(etag.replace(/^W\//, ''))
}

export const getOutcome: Operation = operation({
  id: 'getOutcome',
  method: 'get',
  path: '/api/v1/executions/{id}/outcome',
  scope: 'read',
  tag: 'executions',
  summary: 'How an execution ended',
  description: '404 until it has ended, for sensors that wait for a 200.',
  query: NO_QUERY,
  answers: { 200: { description: 'It has ended.', schema: outcomeSchema } },
  problems: ['no-such-execution', 'outcome-pending'],
  handle: async (api, { params }) => {
    const execution = await findExecution(api, params.id)
    if (isLive(execution.status)) throw pending(execution)
    return { status: 200, json: outcomeJson(api, execution) }
  },
})

function pending({ id, status: standing }: JobExecutionDetails): Problem {
  return new Problem('outcome-pending', `Execution ${id} is ${standing}. Ask again.`, {
    headers: { 'Retry-After': POLL_AGAIN_SECONDS },
  })
}

function outcomeJson({ operator }: Api, execution: JobExecutionDetails): Readonly<Record<string, unknown>> {
  const { id, jobInstance, exitStatus, endTime } = execution
  const job = operator.jobs.find(({ name }) => name === jobInstance.jobName)
  return {
    jobExecutionId: id,
    jobName: jobInstance.jobName,
    status: execution.status,
    exitCode: exitStatus.exitCode,
    exitMessage: exitStatus.exitDescription,
    processExitCode: exitCodeOfRecord(job, execution),
    endTime,
  }
}

export const getContext: Operation = operation({
  id: 'getExecutionContext',
  method: 'get',
  path: '/api/v1/executions/{id}/context',
  scope: 'read',
  tag: 'executions',
  summary: "An execution's context",
  query: NO_QUERY,
  answers: { 200: { description: 'The context.', schema: contextSchema } },
  problems: ['no-such-execution'],
  handle: async (api, { params }) => {
    const { executionContext } = await findExecution(api, params.id)
    return { status: 200, json: { executionContext: api.masking.mask(contextJson(executionContext)) } }
  },
})
