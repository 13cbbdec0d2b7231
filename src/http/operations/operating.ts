/** What is done to executions: stop, abandon, recover. */
import { z } from '@hono/zod-openapi'
import { isBatchError } from '../../core/model/batch-error.ts'
import type { Api } from '../api.ts'
import { requireScope } from '../auth/authenticate.ts'
import { viewExecution } from '../execution-view.ts'
import { checkedExecutionId, findExecution } from '../find-execution.ts'
import type { Answer } from '../answer.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { executionDetailsSchema } from '../schemas/execution-schemas.ts'
import { NO_BODY, NO_QUERY } from '../schemas/nothing.ts'

export const stop: Operation = operation({
  id: 'stopExecution',
  method: 'post',
  path: '/api/v1/executions/{id}/stop',
  scope: 'operate',
  tag: 'operating',
  summary: 'Ask an execution to stop at its next chunk',
  query: NO_QUERY,
  body: NO_BODY,
  bodyMayBeLeftOut: true,
  answers: {
    200: { description: 'It is stopping, or stopped, already.', schema: executionDetailsSchema },
    202: { description: 'It is asked: STOPPING.', schema: executionDetailsSchema },
  },
  problems: ['no-such-execution', 'not-running'],
  handle: async (api, { params, caller }) => {
    const { id, status } = await findExecution(api, params.id)
    try {
      await api.operator.stop(id, { by: caller.name })
    } catch (error) {
      // Nobody would have continued it either.
      if (status !== 'STOPPED' || !isBatchError(error, 'JOB_EXECUTION_NOT_RUNNING')) throw error
    }
    return detailsAnswer(api, id, status === 'STOPPING' || status === 'STOPPED' ? 200 : 202)
  },
})

export const abandon: Operation = operation({
  id: 'abandonExecution',
  method: 'post',
  path: '/api/v1/executions/{id}/abandon',
  scope: 'operate',
  tag: 'operating',
  summary: 'Settle that an ended execution is never restarted',
  query: NO_QUERY,
  body: NO_BODY,
  bodyMayBeLeftOut: true,
  answers: { 200: { description: 'It is ABANDONED.', schema: executionDetailsSchema } },
  problems: ['no-such-execution', 'still-running', 'not-abandonable'],
  handle: async (api, { params, caller }) => {
    const id = checkedExecutionId(params.id)
    await api.operator.abandon(id, { by: caller.name })
    return detailsAnswer(api, id, 200)
  },
})

export const recover: Operation = operation({
  id: 'recoverExecution',
  method: 'post',
  path: '/api/v1/executions/{id}/recover',
  scope: 'operate',
  tag: 'operating',
  summary: 'Close an execution that nobody runs any more',
  description: 'As FAILED, so that it can be restarted. One that has ended is left as it is.',
  query: NO_QUERY,
  body: z.strictObject({
    force: z.boolean().default(false).openapi({
      description: 'Also from an owner that is alive, which then cannot commit. Takes the scope admin.',
    }),
  }),
  bodyMayBeLeftOut: true,
  answers: {
    200: {
      description: 'As it is now.',
      schema: z.object({
        recovered: z.boolean(),
        reason: z.string().nullable().openapi({ description: 'What became of its process.' }),
        execution: executionDetailsSchema,
      }),
    },
  },
  problems: ['no-such-execution', 'heartbeat-fresh'],
  handle: async (api, { params, body: { force }, caller }) => {
    if (force) requireScope(caller, 'admin')
    const id = checkedExecutionId(params.id)
    const { recovered, reason } = await recovery(api, id, { force, by: caller.name })
    const { json } = await viewExecution(api, id)
    return { status: 200, json: { recovered, reason, execution: json } }
  },
})

async function recovery(
  { operator }: Api,
  id: string,
  asking: { readonly force: boolean; readonly by: string },
) {
  try {
    return await operator.recover(id, asking)
  } catch (error) {
    if (!isBatchError(error, 'JOB_EXECUTION_STILL_RUNNING')) throw error
    throw new Problem('heartbeat-fresh', error.message, { facts: { details: error.details }, cause: error })
  }
}

async function detailsAnswer(api: Api, id: string, status: number): Promise<Answer> {
  const { json } = await viewExecution(api, id)
  return { status, json }
}
