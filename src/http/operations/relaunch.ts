/** `POST /executions/{id}/restart` and `/redrive`: launches that go on with what an execution has left. */
import { z } from '@hono/zod-openapi'
import { parametersJsonSchema } from '../../core/definition/parameters-schema.ts'
import { findExecution } from '../find-execution.ts'
import { type Operation, operation } from '../operation.ts'
import { requestTrace } from '../request-trace.ts'
import { launchedSchema } from '../schemas/execution-schemas.ts'
import { givenParameters, givenTrigger } from '../schemas/launch-schemas.ts'
import { askedWait, waitQuery } from '../wait-for-end.ts'
import { launchedAnswer, parameterTexts } from './launch.ts'
import { REDRIVE_FILTERS, redriveSelection } from './redrive-preview.ts'

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
  'process-died',
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
      ...requestTrace(call.request),
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
    ...REDRIVE_FILTERS,
  }),
  bodyMayBeLeftOut: true,
  answers: LAUNCHED,
  problems: [...OF_LAUNCHES, 'nothing-to-redrive', 'redrive-refused'],
  handle: async (api, call) => {
    const wait = askedWait(call.query.wait, call.request)
    const { id } = await findExecution(api, call.params.id)
    const launched = await api.pool.redrive({
      jobExecutionId: id,
      selection: redriveSelection(call.body),
      trigger: { type: 'http', name: null },
      by: call.caller.name,
      ...requestTrace(call.request),
    })
    return launchedAnswer(api, call, launched, wait)
  },
})
