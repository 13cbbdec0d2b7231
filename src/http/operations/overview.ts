/** `GET /overview` */
import { z } from '@hono/zod-openapi'
import { BATCH_STATUSES } from '../../core/model/batch-status.ts'
import { type Operation, operation } from '../operation.ts'
import { NO_QUERY } from '../schemas/nothing.ts'

const count = z.int().min(0)

const overview = z
  .object({
    jobs: z.array(
      z.object({
        jobName: z.string(),
        lastStatus: z
          .enum(BATCH_STATUSES)
          .nullable()
          .openapi({ description: 'Of the execution that was launched last.' }),
        lastSuccess: z.iso
          .datetime()
          .nullable()
          .openapi({ description: 'When the last COMPLETED execution has ended.' }),
        live: count.openapi({ description: 'Executions at work, wherever they run.' }),
        attention: count.openapi({ description: 'Instances that wait for somebody.' }),
      }),
    ),
    staleExecutions: count.openapi({ description: 'Live, but the lease of their owner has run out.' }),
  })
  .openapi('Overview')

export const getOverview: Operation = operation({
  id: 'getOverview',
  method: 'get',
  path: '/api/v1/overview',
  scope: 'read',
  tag: 'jobs',
  summary: 'How all jobs stand',
  description: 'Those that were ever launched, by whatever process, by name.',
  query: NO_QUERY,
  answers: { 200: { description: 'As it is now.', schema: overview } },
  problems: [],
  handle: async ({ repository }) => {
    const { jobs, staleExecutions } = await repository.jobFacts()
    return { status: 200, json: { jobs, staleExecutions } }
  },
})
