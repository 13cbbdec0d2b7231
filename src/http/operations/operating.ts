/** What is done to executions: restart, stop, abandon, recover, redrive. */
import { z } from '@hono/zod-openapi'
import { isBatchError } from '../../core/model/batch-error.ts'
import { FAULT_PHASES } from '../../core/model/quarantined-item.ts'
import { parametersJsonSchema } from '../../core/definition/parameters-schema.ts'
import type { Api } from '../api.ts'
import { requireScope } from '../auth/authenticate.ts'
import { viewExecution } from '../execution-view.ts'
import { checkedExecutionId, findExecution } from '../find-execution.ts'
import type { Answer } from '../answer.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { isRecordId } from '../record-id.ts'
import { executionDetailsSchema, launchedSchema } from '../schemas/execution-schemas.ts'
import { givenParameters, givenTrigger } from '../schemas/launch-schemas.ts'
import { askedWait, waitQuery } from '../wait-for-end.ts'
import { launchedAnswer, parameterTexts } from './launch.ts'

const NO_QUERY = z.strictObject({})
const NO_BODY = z.strictObject({})
const PREFER = z.object({ Prefer: z.string().optional().openapi({ example: 'wait=30' }) })
const LAUNCHED = {
  200: {
    description: 'It has ended, whatever became of it.',
    schema: launchedSchema,
    headers: { Location: 'It.' },
  },
  202: {
    description: 'It is launched, and goes on.',
    schema: launchedSchema,
    headers: { Location: 'It.', 'Retry-After': 'Seconds.' },
  },
}
const OF_LAUNCHES = [
  'no-such-job',
  'no-such-execution',
  'instance-running',
  'not-restartable',
  'invalid-parameters',
  'at-capacity',
  'draining',
] as const

export const restart: Operation = operation({
  id: 'restartExecution',
  method: 'post',
  path: '/api/v1/executions/{id}/restart',
  scope: 'operate',
  tag: 'operating',
  summary: 'Go on where an execution ended',
  description: 'With its parameters; those that do not identify the instance may be given anew.',
  query: waitQuery,
  headers: PREFER,
  body: z.strictObject({
    parameters: givenParameters.optional(),
    acceptChanges: z
      .boolean()
      .default(false)
      .openapi({ description: 'Although the definition or the input has changed: you have read what.' }),
    trigger: givenTrigger.optional(),
  }),
  bodyMayBeLeftOut: true,
  answers: LAUNCHED,
  problems: [...OF_LAUNCHES, 'instance-complete', 'instance-abandoned', 'definition-changed'],
  handle: async (api, call) => {
    const wait = askedWait(call.query.wait, call.request)
    const { jobInstance, id } = await findExecution(api, call.params.id)
    const { parameters = {}, acceptChanges, trigger } = call.body
    const schema = parametersJsonSchema(api.operator.findJob(jobInstance.jobName).parameters)
    const launched = await api.pool.restart({
      jobExecutionId: id,
      parameters: parameterTexts(parameters, schema),
      acceptChanges,
      trigger: trigger ?? { type: 'http', name: null },
      by: call.caller.name,
    })
    return launchedAnswer(api, call, launched, wait)
  },
})

export const redrive: Operation = operation({
  id: 'redriveExecution',
  method: 'post',
  path: '/api/v1/executions/{id}/redrive',
  scope: 'operate',
  tag: 'quarantine',
  summary: 'Run the quarantined items of an execution again',
  query: waitQuery,
  headers: PREFER,
  body: z.strictObject({
    ids: z.array(z.string()).max(1000).optional().openapi({ description: 'Only these. Left out: all.' }),
    step: z.string().optional(),
    phase: z.enum(FAULT_PHASES).optional(),
    errorType: z.string().optional(),
  }),
  bodyMayBeLeftOut: true,
  answers: LAUNCHED,
  problems: [...OF_LAUNCHES, 'nothing-to-redrive', 'redrive-refused'],
  handle: async (api, call) => {
    const wait = askedWait(call.query.wait, call.request)
    const { id } = await findExecution(api, call.params.id)
    const { ids, step, phase, errorType } = call.body
    const launched = await api.pool.redrive({
      jobExecutionId: id,
      selection: {
        ...(ids !== undefined && { ids: ids.filter(isRecordId) }),
        ...(step !== undefined && { stepName: step }),
        ...(phase !== undefined && { phase }),
        ...(errorType !== undefined && { errorType }),
      },
      trigger: { type: 'http', name: null },
      by: call.caller.name,
    })
    return launchedAnswer(api, call, launched, wait)
  },
})

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
    if (status === 'STOPPING' || status === 'STOPPED') return detailsAnswer(api, id, 200)
    await api.operator.stop(id, { by: caller.name })
    return detailsAnswer(api, id, 202)
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
