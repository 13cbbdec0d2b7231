/** Schedules: what they are, what became of their slots, and what a person does with them. */
import { z } from '@hono/zod-openapi'
import { FIRE_OUTCOMES, type ScheduleFire } from '../../core/model/schedule-fire.ts'
import type { Json } from '../../json/execution-json.ts'
import { fireJson, scheduleJson } from '../../json/schedule-json.ts'
import { OVERLAPS, RECOVERIES } from '../../scheduling/define-schedule.ts'
import type { Api } from '../api.ts'
import { decodeCursor, encodeCursor, pageOf } from '../cursor.ts'
import { API, executionPath, shownExecution } from '../execution-view.ts'
import type { Masking } from '../masking.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { executionSchema, idText, jobStatusOrNull } from '../schemas/execution-schemas.ts'
import { pageQuery } from '../schemas/page-query.ts'

const NO_QUERY = z.strictObject({})
const NO_BODY = z.strictObject({})
const MOST_SLOTS = 100
const instant = z.iso.datetime()

const fire = z
  .object({
    schedule: z.string(),
    slot: instant,
    outcome: z.enum(FIRE_OUTCOMES),
    jobExecutionId: idText.nullable(),
    latestJobExecutionId: idText.nullable(),
    status: jobStatusOrNull,
    firedBy: z.string(),
    firedAt: instant,
    detail: z.string().nullable(),
  })
  .openapi('ScheduleFire')

const schedule = z
  .object({
    schedule: z.string(),
    jobName: z.string(),
    cron: z.string(),
    timezone: z.string(),
    overlap: z.enum(OVERLAPS),
    misfire: z.union([z.string(), z.record(z.string(), z.unknown())]),
    jitter: z.string(),
    onRecovered: z.enum(RECOVERIES),
    paused: z.object({ by: z.string(), note: z.string().nullable(), since: instant }).nullable(),
    nextSlot: instant.nullable(),
    nextSlots: z.array(instant),
    lastFire: z.union([fire, z.null()]),
    links: z.record(z.string(), z.string()),
  })
  .openapi('Schedule')

const next = z.coerce.number().int().min(0).max(MOST_SLOTS).default(1)

export const listSchedules: Operation = operation({
  id: 'listSchedules',
  method: 'get',
  path: '/api/v1/schedules',
  scope: 'read',
  tag: 'schedules',
  summary: 'The schedules, with their next slots',
  query: z.strictObject({ next }),
  answers: { 200: { description: 'All of them.', schema: z.object({ items: z.array(schedule) }) } },
  problems: [],
  handle: async (api, { query }) => {
    const items: unknown[] = []
    for (const { name } of api.schedules) items.push(await shownSchedule(api, name, query.next))
    return { status: 200, json: { items } }
  },
})

export const getSchedule: Operation = operation({
  id: 'getSchedule',
  method: 'get',
  path: '/api/v1/schedules/{name}',
  scope: 'read',
  tag: 'schedules',
  summary: 'A schedule, with its next slots',
  query: z.strictObject({ next }),
  answers: { 200: { description: 'The schedule.', schema: schedule } },
  problems: ['no-such-schedule'],
  handle: async (api, { params, query }) => ({
    status: 200,
    json: await shownSchedule(api, params.name, query.next),
  }),
})

/** @throws BatchError NO_SUCH_SCHEDULE */
async function shownSchedule(api: Api, name: string, count: number): Promise<Json> {
  const found = api.scheduling.find(name)
  const state = await api.scheduling.stateOf(name)
  const [last] = await api.repository.schedules.listFires({ schedule: name, limit: 1 })
  const self = `${API}/schedules/${encodeURIComponent(name)}`
  const nextSlots = api.scheduling.next(name, Math.max(count, 1))
  return {
    ...scheduleJson({ schedule: found, state, last }),
    lastFire: last === undefined ? null : shownFire(api.masking, last),
    nextSlot: nextSlots[0] ?? null,
    nextSlots: nextSlots.slice(0, count),
    links: { self, fires: `${self}/fires`, job: `${API}/jobs/${encodeURIComponent(found.job.name)}` },
  }
}

/** Why a launch was refused names parameters. */
function shownFire(masking: Masking, one: ScheduleFire): Json {
  return { ...fireJson(one), detail: one.detail === null ? null : masking.text(one.detail) }
}

const outcome = z.enum(FIRE_OUTCOMES)

export const listFires: Operation = operation({
  id: 'listScheduleFires',
  method: 'get',
  path: '/api/v1/schedules/{name}/fires',
  scope: 'read',
  tag: 'schedules',
  summary: 'What became of each slot, latest first',
  query: z.strictObject({
    outcome: z
      .union([outcome, z.array(outcome)])
      .optional()
      .openapi({ description: 'May be repeated.' }),
    ...pageQuery,
  }),
  answers: {
    200: {
      description: 'A page of the ledger.',
      schema: z.object({ items: z.array(fire), nextCursor: z.string().nullable() }),
    },
  },
  problems: ['no-such-schedule'],
  handle: async ({ scheduling, repository, masking }, { params, query: { limit, cursor, ...filter } }) => {
    const { name } = scheduling.find(params.name)
    const list = `fires ${name}`
    const before = decodeCursor(list, filter, cursor)
    const rows = await repository.schedules.listFires({
      schedule: name,
      limit: limit + 1,
      ...(filter.outcome !== undefined && { outcomes: [filter.outcome].flat() }),
      ...(before !== undefined && { until: new Date(Number(before) - 1) }),
    })
    const position = ({ slot }: { readonly slot: Date }) => String(slot.getTime())
    const { items, nextCursor } = pageOf(rows, limit, (last) => encodeCursor(list, filter, position(last)))
    return { status: 200, json: { items: items.map((one) => shownFire(masking, one)), nextCursor } }
  },
})

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
  answers: { 200: { description: 'It is paused.', schema: schedule } },
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
  answers: { 200: { description: 'It is not paused.', schema: schedule } },
  problems: ['no-such-schedule'],
  handle: async (api, { params: { name } }) => {
    await api.scheduling.resume(name)
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
  problems: ['no-such-schedule', 'job-busy', 'trigger-refused', 'at-capacity', 'draining'],
  handle: async (api, { params, caller }) => {
    const { name } = api.scheduling.find(params.name)
    const fired = await api.pool.trigger({ schedule: name, slot: api.clock.now(), by: caller.name })
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
