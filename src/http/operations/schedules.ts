/** Schedules, and what became of their slots. */
import { z } from '@hono/zod-openapi'
import { FIRE_OUTCOMES } from '../../core/model/schedule-fire.ts'
import { decodeTimeCursor, encodeCursor, pageOf } from '../cursor.ts'
import { type Operation, operation } from '../operation.ts'
import { shownFire, shownSchedule, shownSchedules } from '../schedule-view.ts'
import { pageQuery } from '../schemas/page-query.ts'
import { queryNumber } from '../schemas/query-number.ts'
import { fireSchema, scheduleSchema } from '../schemas/schedule-schemas.ts'

const MOST_SLOTS = 100
const next = queryNumber(0, MOST_SLOTS, 1)

export const listSchedules: Operation = operation({
  id: 'listSchedules',
  method: 'get',
  path: '/api/v1/schedules',
  scope: 'read',
  tag: 'schedules',
  summary: 'The schedules, with their next slots',
  query: z.strictObject({ next }),
  answers: { 200: { description: 'All of them.', schema: z.object({ items: z.array(scheduleSchema) }) } },
  problems: [],
  handle: async (api, { query }) => ({
    status: 200,
    json: { items: await shownSchedules(api, query.next) },
  }),
})

export const getSchedule: Operation = operation({
  id: 'getSchedule',
  method: 'get',
  path: '/api/v1/schedules/{name}',
  scope: 'read',
  tag: 'schedules',
  summary: 'A schedule, with its next slots',
  query: z.strictObject({ next }),
  answers: { 200: { description: 'The schedule.', schema: scheduleSchema } },
  problems: ['no-such-schedule'],
  handle: async (api, { params, query }) => ({
    status: 200,
    json: await shownSchedule(api, params.name, query.next),
  }),
})

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
      schema: z.object({ items: z.array(fireSchema), nextCursor: z.string().nullable() }),
    },
  },
  problems: ['no-such-schedule'],
  handle: async ({ scheduling, repository, masking }, { params, query: { limit, cursor, ...filter } }) => {
    const { name } = scheduling.find(params.name)
    const list = `fires ${name}`
    const before = decodeTimeCursor(list, filter, cursor)
    const rows = await repository.schedules.listFires({
      schedule: name,
      limit: limit + 1,
      ...(filter.outcome !== undefined && { outcomes: [filter.outcome].flat() }),
      ...(before !== undefined && { until: new Date(before.getTime() - 1) }),
    })
    const position = ({ slot }: { readonly slot: Date }) => String(slot.getTime())
    const { items, nextCursor } = pageOf(rows, limit, (last) => encodeCursor(list, filter, position(last)))
    return { status: 200, json: { items: items.map((one) => shownFire(masking, one)), nextCursor } }
  },
})
