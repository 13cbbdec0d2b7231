/** `POST /maintenance/purge` */
import { z } from '@hono/zod-openapi'
import { parseDuration } from '../../core/model/duration.ts'
import { PURGEABLE_STATUSES } from '../../core/ports/purge.ts'
import { type Operation, operation } from '../operation.ts'
import { NO_QUERY } from '../schemas/nothing.ts'

/** No longer than dates reach, in whatever unit: Postgres' begin in -4713. */
const AGE = /^([0-9]{1,3}w|[0-9]{1,4}d|[0-9]{1,5}h|[0-9]{1,7}m|[0-9]{1,9}s)$/

const counts = {
  instances: z.int(),
  executions: z.int(),
  steps: z.int(),
  quarantined: z.int(),
}

export const purge: Operation = operation({
  id: 'purge',
  method: 'post',
  path: '/api/v1/maintenance/purge',
  scope: 'admin',
  tag: 'maintenance',
  summary: 'Delete history that is over',
  description:
    'Instance by instance, a hundred in each transaction; ends early when the caller goes away. What was purged can be started anew.',
  query: NO_QUERY,
  body: z.strictObject({
    olderThan: z
      .string()
      .regex(AGE, 'it is no length of time such as 90d, 12h or 4w')
      .openapi({ description: 'Since the end of its last execution.', example: '90d' }),
    keepLast: z.int().min(0).max(1_000_000).default(10),
    job: z.string().optional(),
    statuses: z.array(z.enum(PURGEABLE_STATUSES)).min(1).default(['COMPLETED', 'ABANDONED']),
    withQuarantined: z.boolean().default(false),
    dryRun: z
      .boolean()
      .default(false)
      .openapi({ description: 'Deletes nothing, and answers what it would.' }),
  }),
  answers: {
    200: {
      description: 'What was deleted, or would be.',
      schema: z.object({
        dryRun: z.boolean(),
        endedBefore: z.iso.datetime(),
        jobs: z.array(z.object({ jobName: z.string(), ...counts })),
        total: z.object(counts),
        stopped: z.boolean().openapi({ description: 'It ended early, and there may be more.' }),
      }),
    },
  },
  problems: [],
  handle: async (api, { body, request }) => {
    const { olderThan, job, ...asked } = body
    // The schema has seen to it that it is one. If it were none, everything would be old enough; so nothing is.
    const endedBefore = new Date(api.clock.now().getTime() - (parseDuration(olderThan) ?? Number.NaN))
    const ending = new AbortController()
    using _closing = api.closing.onClosing(() => ending.abort())
    const stop = (): void => ending.abort()
    request.signal.addEventListener('abort', stop, { once: true })
    const report = await api.operator.purge({
      ...asked,
      ...(job !== undefined && { jobName: job }),
      endedBefore,
      signal: ending.signal,
    })
    request.signal.removeEventListener('abort', stop)
    return { status: 200, json: { dryRun: asked.dryRun, endedBefore, ...report } }
  },
})
