/** `GET /server` */
import { z } from '@hono/zod-openapi'
import { packageVersion } from '../../process/package-version.ts'
import { allows, SCOPES } from '../auth/scopes.ts'
import { type Operation, operation } from '../operation.ts'
import { NO_QUERY } from '../schemas/nothing.ts'

const count = z.int().min(0)

export const getServer: Operation = operation({
  id: 'getServer',
  method: 'get',
  path: '/api/v1/server',
  scope: 'read',
  tag: 'health',
  summary: 'What answers here, and who asks',
  query: NO_QUERY,
  answers: {
    200: {
      description: 'As it is now.',
      schema: z
        .object({
          version: z.string().openapi({ description: 'Of batchwright.' }),
          time: z.iso.datetime().openapi({ description: 'By its clock.' }),
          ending: z.boolean(),
          jobs: count.openapi({ description: 'That can be launched here.' }),
          executions: z.object({
            active: count.openapi({ description: 'At work here, or about to be launched.' }),
            limit: count,
          }),
          caller: z.object({
            name: z.string(),
            may: z.array(z.enum(SCOPES)).openapi({ description: 'Scopes, with those that they imply.' }),
          }),
        })
        .openapi('Server'),
    },
  },
  problems: [],
  usesRepository: false,
  handle: async ({ operator, pool, clock, closing }, { caller: { name, scopes } }) => ({
    status: 200,
    json: {
      version: packageVersion(),
      time: clock.now(),
      ending: closing.isClosing(),
      jobs: operator.jobs.length,
      executions: { active: pool.active(), limit: pool.limit },
      caller: { name, may: SCOPES.filter((one) => allows(scopes, one)) },
    },
  }),
})
