/** Instances of jobs, and figures over their executions. */
import { z } from '@hono/zod-openapi'
import { BATCH_STATUSES } from '../../core/model/batch-status.ts'
import type { InstanceOverview } from '../../core/ports/job-repository.ts'
import type { Json } from '../../json/execution-json.ts'
import { parseDuration } from '../../core/model/duration.ts'
import type { Api } from '../api.ts'
import { decodeCursor, encodeCursor, pageOf } from '../cursor.ts'
import { API, shownExecution } from '../execution-view.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import { executionSchema, idText } from '../schemas/execution-schemas.ts'
import { pageQuery } from '../schemas/page-query.ts'
import { NO_QUERY } from '../schemas/nothing.ts'

const count = z.int().min(0)

const instance = z
  .object({
    jobInstanceId: idText,
    jobName: z.string(),
    jobKey: z.string(),
    executions: count,
    latest: executionSchema.nullable(),
    links: z.record(z.string(), z.string()),
  })
  .openapi('JobInstance')

export const getInstance: Operation = operation({
  id: 'getInstance',
  method: 'get',
  path: '/api/v1/instances/{id}',
  scope: 'read',
  tag: 'instances',
  summary: 'An instance, with its latest execution',
  query: NO_QUERY,
  answers: { 200: { description: 'The instance.', schema: instance } },
  problems: ['no-such-instance'],
  handle: async (api, { params: { id } }) => {
    const [found] = isRecordId(id)
      ? await api.operator.listInstanceOverviews({ before: String(BigInt(id) + 1n), limit: 1 })
      : []
    if (found?.jobInstance.id !== id) throw new Problem('no-such-instance', `There is no job instance ${id}.`)
    return { status: 200, json: shownInstance(api, found) }
  },
})

export const listInstances: Operation = operation({
  id: 'listInstances',
  method: 'get',
  path: '/api/v1/jobs/{job}/instances',
  scope: 'read',
  tag: 'instances',
  summary: 'Instances of a job, newest first',
  query: z.strictObject(pageQuery),
  answers: {
    200: {
      description: 'A page of them.',
      schema: z.object({ items: z.array(instance), nextCursor: z.string().nullable() }),
    },
  },
  problems: ['no-such-job'],
  handle: async (api, { params, query: { limit, cursor } }) => {
    const { name: jobName } = api.operator.findJob(params.job)
    const list = `instances ${jobName}`
    const before = decodeCursor(list, {}, cursor)
    const rows = await api.operator.listInstanceOverviews({
      jobName,
      limit: limit + 1,
      ...(before !== undefined && { before }),
    })
    const { items, nextCursor } = pageOf(rows, limit, ({ jobInstance: { id } }) => encodeCursor(list, {}, id))
    return { status: 200, json: { items: items.map((one) => shownInstance(api, one)), nextCursor } }
  },
})

function shownInstance(api: Api, { jobInstance, executions, latest }: InstanceOverview): Json {
  const { id, jobName, jobKey } = jobInstance
  return {
    jobInstanceId: id,
    jobName,
    jobKey,
    executions,
    latest: latest === null ? null : shownExecution(api, latest),
    links: {
      self: `${API}/instances/${id}`,
      executions: `${API}/executions?instance=${id}`,
      job: `${API}/jobs/${encodeURIComponent(jobName)}`,
    },
  }
}

const byStatus = z.object(Object.fromEntries(BATCH_STATUSES.map((status) => [status, count])))
const items = z.object({
  readCount: count,
  writeCount: count,
  filterCount: count,
  readSkipCount: count,
  processSkipCount: count,
  writeSkipCount: count,
})

const statistics = z
  .object({
    jobName: z.string(),
    since: z.iso.datetime(),
    executions: byStatus,
    successRate: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .openapi({ description: 'COMPLETED among COMPLETED and FAILED.' }),
    duration: z
      .object({ p50Milliseconds: z.number(), p95Milliseconds: z.number(), meanMilliseconds: z.number() })
      .nullable()
      .openapi({ description: 'Of those that COMPLETED.' }),
    items,
    days: z.array(
      z.object({ day: z.iso.date(), executions: byStatus, meanMilliseconds: z.number().nullable(), items }),
    ),
  })
  .openapi('JobStatistics')

const WINDOW = /^([0-9]{1,4}[hd]|[0-9]{1,3}w)$/

export const getStatistics: Operation = operation({
  id: 'getJobStatistics',
  method: 'get',
  path: '/api/v1/jobs/{job}/stats',
  scope: 'read',
  tag: 'jobs',
  summary: 'Figures over the executions of a job',
  query: z.strictObject({
    window: z
      .string()
      .regex(WINDOW, 'it is no length of time such as 30d or 12h')
      .default('30d')
      .openapi({ description: 'Executions created within it, up to now.' }),
  }),
  answers: { 200: { description: 'Sums, rates, and each day.', schema: statistics } },
  problems: ['no-such-job'],
  handle: async ({ operator, clock }, { params, query }) => {
    const { name: jobName } = operator.findJob(params.job)
    const since = new Date(clock.now().getTime() - (parseDuration(query.window) ?? 0))
    return { status: 200, json: { jobName, since, ...(await operator.jobStatistics({ jobName, since })) } }
  },
})
