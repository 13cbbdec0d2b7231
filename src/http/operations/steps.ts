/** Steps of an execution: their counts, contexts and partitions. */
import { z } from '@hono/zod-openapi'
import { BATCH_STATUSES } from '../../core/model/batch-status.ts'
import type { StepExecution } from '../../core/model/step-execution.ts'
import { contextJson } from '../../json/execution-json.ts'
import type { Api } from '../api.ts'
import { decodeCursor, encodeCursor, pageOf } from '../cursor.ts'
import { shownStep } from '../execution-view.ts'
import { checkedExecutionId, findExecution } from '../find-execution.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import { contextSchema } from '../schemas/context-schema.ts'
import { stepSchema } from '../schemas/execution-schemas.ts'
import { pageQuery } from '../schemas/page-query.ts'
import { NO_QUERY } from '../schemas/nothing.ts'

const status = z.enum(BATCH_STATUSES)

export const listSteps: Operation = operation({
  id: 'listSteps',
  method: 'get',
  path: '/api/v1/executions/{id}/steps',
  scope: 'read',
  tag: 'steps',
  summary: 'The steps of an execution, as they were begun',
  description: 'Partitions are not among them: of a step that was partitioned there are the sums.',
  query: NO_QUERY,
  answers: { 200: { description: 'All of them.', schema: z.object({ items: z.array(stepSchema) }) } },
  problems: ['no-such-execution'],
  handle: async (api, { params }) => {
    const { stepExecutions } = await findExecution(api, params.id)
    return { status: 200, json: { items: stepExecutions.map(shownStep) } }
  },
})

export const getStep: Operation = operation({
  id: 'getStep',
  method: 'get',
  path: '/api/v1/executions/{id}/steps/{sid}',
  scope: 'read',
  tag: 'steps',
  summary: 'A step execution, also that of a partition',
  query: NO_QUERY,
  answers: { 200: { description: 'The step.', schema: stepSchema } },
  problems: ['no-such-execution', 'no-such-step'],
  handle: async (api, { params }) => ({ status: 200, json: shownStep(await findStep(api, params)) }),
})

export const getStepContext: Operation = operation({
  id: 'getStepContext',
  method: 'get',
  path: '/api/v1/executions/{id}/steps/{sid}/context',
  scope: 'read',
  tag: 'steps',
  summary: "A step's context",
  query: NO_QUERY,
  answers: { 200: { description: 'The context.', schema: contextSchema } },
  problems: ['no-such-execution', 'no-such-step'],
  handle: async (api, { params }) => {
    const { executionContext } = await findStep(api, params)
    return { status: 200, json: { executionContext: api.masking.mask(contextJson(executionContext)) } }
  },
})

const count = z.int().min(0)
const sample = z
  .object({
    at: z.iso.datetime(),
    readCount: count,
    writeCount: count,
    filterCount: count,
    skipCount: count,
    commitCount: count,
    rollbackCount: count,
    progress: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({ description: 'How far the reader had read. Null where it does not say.' }),
  })
  .openapi('StepSample')

export const listSamples: Operation = operation({
  id: 'listSamples',
  method: 'get',
  path: '/api/v1/executions/{id}/steps/{sid}/samples',
  scope: 'read',
  tag: 'steps',
  summary: 'How far a step had come at moments of its run, oldest first',
  description: 'Of each step about 300 at most, however long it runs.',
  query: NO_QUERY,
  answers: { 200: { description: 'All of them.', schema: z.object({ items: z.array(sample) }) } },
  problems: ['no-such-execution', 'no-such-step'],
  handle: async (api, { params }) => {
    const { id } = await findStep(api, params)
    return { status: 200, json: { items: await api.operator.listSamples(id) } }
  },
})

export const listPartitions: Operation = operation({
  id: 'listPartitions',
  method: 'get',
  path: '/api/v1/executions/{id}/steps/{sid}/partitions',
  scope: 'read',
  tag: 'steps',
  summary: 'The step executions of the partitions of a step, as they were begun',
  query: z.strictObject({
    status: z
      .union([status, z.array(status)])
      .optional()
      .openapi({ description: 'May be repeated.' }),
    ...pageQuery,
  }),
  answers: {
    200: {
      description: 'A page of them.',
      schema: z.object({ items: z.array(stepSchema), nextCursor: z.string().nullable() }),
    },
  },
  problems: ['no-such-execution', 'no-such-step'],
  handle: async (api, { params, query: { limit, cursor, ...filter } }) => {
    const list = `partitions ${params.id} ${params.sid}`
    const after = decodeCursor(list, filter, cursor)
    const { stepName } = await findStep(api, params)
    const rows = await api.operator.listPartitionExecutions({
      jobExecutionId: params.id,
      stepName,
      limit: limit + 1,
      ...(filter.status !== undefined && { statuses: [filter.status].flat() }),
      ...(after !== undefined && { after }),
    })
    const { items, nextCursor } = pageOf(rows, limit, ({ id }) => encodeCursor(list, filter, id))
    return { status: 200, json: { items: items.map(shownStep), nextCursor } }
  },
})

/** @throws Problem no-such-execution, no-such-step */
async function findStep(
  api: Api,
  { id, sid }: { readonly id: string; readonly sid: string },
): Promise<StepExecution> {
  const { stepExecutions } = await findExecution(api, checkedExecutionId(id))
  const step = stepExecutions.find((one) => one.id === sid) ?? (await findPartition(api, id, sid))
  if (step !== undefined) return step
  throw new Problem('no-such-step', `Execution ${id} has no step execution ${sid}.`)
}

async function findPartition({ operator }: Api, id: string, sid: string): Promise<StepExecution | undefined> {
  if (!isRecordId(sid) || sid === '0') return undefined
  const after = String(BigInt(sid) - 1n)
  const [found] = await operator.listPartitionExecutions({ jobExecutionId: id, after, limit: 1 })
  return found?.id === sid ? found : undefined
}
