/** What is done to schedules: pause, resume, trigger. */
import { z } from '@hono/zod-openapi'
import { executionPath, shownExecution } from '../execution-view.ts'
import type { Masking } from '../masking.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { requestTrace } from '../request-trace.ts'
import { shownSchedule } from '../schedule-view.ts'
import { executionSchema } from '../schemas/execution-schemas.ts'
import { scheduleSchema } from '../schemas/schedule-schemas.ts'
import { NO_BODY, NO_QUERY } from '../schemas/nothing.ts'

export const pauseSchedule: Operation = operation({
  id: 'pauseSchedule',
  method: 'post',
  path: '/api/v1/schedules/{name}/pause',
  scope: 'operate',
  tag: 'schedules',
  summary: 'Fire nothing of it until it is resumed',
  query: NO_QUERY,
  body: z.strictObject({ note: z.string().min(1).max(1000).optional().openapi({ example: 'the fair' }) }),
  bodyMayBeLeftOut: true,
  answers: { 200: { description: 'It is paused.', schema: scheduleSchema } },
  problems: ['no-such-schedule'],
  handle: async (api, { params: { name }, body, caller }) => {
    await api.scheduling.pause(name, body.note ?? null, caller.name)
    return { status: 200, json: await shownSchedule(api, name, 1) }
  },
})

export const resumeSchedule: Operation = operation({
  id: 'resumeSchedule',
  method: 'post',
  path: '/api/v1/schedules/{name}/resume',
  scope: 'operate',
  tag: 'schedules',
  summary: 'Fire it again',
  query: NO_QUERY,
  body: NO_BODY,
  bodyMayBeLeftOut: true,
  answers: { 200: { description: 'It is not paused.', schema: scheduleSchema } },
  problems: ['no-such-schedule'],
  handle: async (api, { params: { name }, caller }) => {
    await api.scheduling.resume(name, caller.name)
    return { status: 200, json: await shownSchedule(api, name, 1) }
  },
})

export const triggerSchedule: Operation = operation({
  id: 'triggerSchedule',
  method: 'post',
  path: '/api/v1/schedules/{name}/trigger',
  scope: 'operate',
  tag: 'schedules',
  summary: 'Fire it now, in this server, paused or not',
  query: NO_QUERY,
  body: NO_BODY,
  bodyMayBeLeftOut: true,
  answers: {
    202: { description: 'It is launched.', schema: executionSchema, headers: { Location: 'The execution.' } },
  },
  problems: ['no-such-schedule', 'job-busy', 'trigger-refused', 'at-capacity', 'process-died', 'draining'],
  handle: async (api, { params, caller, request }) => {
    const { name } = api.scheduling.find(params.name)
    const fired = await api.pool.trigger({
      schedule: name,
      slot: api.clock.now(),
      by: caller.name,
      ...requestTrace(request),
    })
    if (!('execution' in fired)) throw notFired(fired, api.masking)
    const { execution } = fired
    return {
      status: 202,
      json: shownExecution(api, execution),
      headers: { Location: executionPath(execution.id) },
    }
  },
})

/** `left`: the job is running, and may not overlap. */
function notFired(
  { outcome: what, detail }: { readonly outcome: string; readonly detail: string },
  masking: Masking,
): Problem {
  const code = what === 'left' ? 'job-busy' : 'trigger-refused'
  return new Problem(code, `Nothing was launched: ${masking.text(detail)}`, { facts: { outcome: what } })
}
