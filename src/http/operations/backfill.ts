/** `POST /schedules/{name}/backfill` */
import { z } from '@hono/zod-openapi'
import { isBatchError } from '../../core/model/batch-error.ts'
import { FIRE_OUTCOMES } from '../../core/model/schedule-fire.ts'
import { backfillRange, type BackfillRange, FIRST_INSTANT } from '../../scheduling/backfill-range.ts'
import { cronSlots } from '../../scheduling/cron-slots.ts'
import type { ScheduleDefinition } from '../../scheduling/define-schedule.ts'
import { type BackfillSlot, REPROCESS } from '../../scheduling/plan-backfill.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { NO_BODY, NO_QUERY } from '../schemas/nothing.ts'

const instant = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })])
  .refine((text) => Date.parse(text) >= FIRST_INSTANT, 'must be of 1970 or later')
/** A slip of the pen would otherwise queue a run for every second of a year, and looking for slots takes time. */
const MOST_SLOTS = 1000
const LONGEST_MILLISECONDS = 3660 * 86_400_000
const MOST_AT_ONCE = 100

const planned = z.object({
  dryRun: z.boolean(),
  slots: z.array(
    z.object({
      slot: z.iso.datetime(),
      outcome: z.enum(FIRE_OUTCOMES).nullable().openapi({ description: 'What its row said before.' }),
    }),
  ),
})

export const backfillSchedule: Operation = operation({
  id: 'backfillSchedule',
  method: 'post',
  path: '/api/v1/schedules/{name}/backfill',
  scope: 'operate',
  tag: 'schedules',
  summary: 'Fire slots of the past',
  description: 'They are queued, and any scheduler fires them, oldest first, as the job becomes free.',
  query: NO_QUERY,
  body: z.strictObject({
    from: instant.openapi({
      description: "A day of the schedule's zone, from its beginning, or a time.",
      example: '2026-11-01',
    }),
    to: instant.openapi({ description: 'A day, to its end, or a time.', example: '2026-11-20' }),
    reprocess: z.enum(REPROCESS).default('missing').openapi({
      description:
        '`missing`: slots without a launch. `failed`: those whose execution has failed or was stopped.',
    }),
    maxActive: z
      .int()
      .min(1)
      .max(MOST_AT_ONCE)
      .default(1)
      .openapi({ description: 'How many of its runs may be under way at once.' }),
    dryRun: z.boolean().default(false),
  }),
  answers: {
    200: { description: 'Of a dry run: what would be queued.', schema: planned },
    202: { description: 'They are queued.', schema: planned },
  },
  problems: ['no-such-schedule'],
  handle: async ({ scheduling, clock }, { params, body, caller }) => {
    const schedule = scheduling.find(params.name)
    const { dryRun, reprocess, maxActive } = body
    const backfill = { ...rangeOf(schedule, body, clock.now()), reprocess, maxActive }
    const slots = dryRun
      ? await scheduling.planBackfill(schedule.name, backfill)
      : await scheduling.queueBackfill(schedule.name, backfill, caller.name)
    return { status: dryRun ? 200 : 202, json: { dryRun, slots: slots.map(shownSlot) } }
  },
})

function shownSlot({ slot, fire }: BackfillSlot) {
  return { slot, outcome: fire?.outcome ?? null }
}

export const cancelBackfill: Operation = operation({
  id: 'cancelBackfill',
  method: 'post',
  path: '/api/v1/schedules/{name}/cancel-backfill',
  scope: 'operate',
  tag: 'schedules',
  summary: 'Fire nothing more of what waits as part of backfills',
  description:
    'What waits is SKIPPED, or FIRED as it was before, and its row says who cancelled it. Runs under way go on.',
  query: NO_QUERY,
  body: NO_BODY,
  bodyMayBeLeftOut: true,
  answers: {
    200: {
      description: 'The slots that will not be fired.',
      schema: z.object({ slots: z.array(z.iso.datetime()) }),
    },
  },
  problems: ['no-such-schedule'],
  handle: async ({ scheduling }, { params: { name }, caller }) => ({
    status: 200,
    json: { slots: await scheduling.cancelBackfill(name, caller.name) },
  }),
})

/** Up to now: what is due later is fired then. @throws Problem invalid-request */
function rangeOf(
  { cron, timezone }: ScheduleDefinition,
  given: { readonly from: string; readonly to: string },
  now: Date,
): BackfillRange {
  const { from, until } = asked(timezone, given)
  const range = { from, until: until < now ? until : now }
  if (range.until.getTime() - range.from.getTime() > LONGEST_MILLISECONDS)
    throw wrong('#/from', 'it is more than ten years before the end; take a shorter time')
  let count = 0
  for (const _ of cronSlots(cron, timezone).between(range.from, range.until)) {
    count += 1
    if (count > MOST_SLOTS)
      throw wrong('#/from', `more than ${MOST_SLOTS} slots lie between; take a shorter time`)
  }
  return range
}

function asked(timezone: string, given: { readonly from: string; readonly to: string }): BackfillRange {
  try {
    return backfillRange(timezone, given)
  } catch (error) {
    if (isBatchError(error, 'INVALID_CONFIGURATION'))
      throw wrong('#/to', `${given.from} is later than ${given.to}`)
    throw error
  }
}

function wrong(pointer: string, detail: string): Problem {
  return new Problem('invalid-request', 'The request is not valid; nothing was queued.', {
    facts: { errors: [{ pointer, detail }] },
  })
}
