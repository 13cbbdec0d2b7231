/** How schedules, and rows of the fire ledger, look. */
import { z } from '@hono/zod-openapi'
import { FIRE_OUTCOMES } from '../../core/model/schedule-fire.ts'
import { OVERLAPS, RECOVERIES } from '../../scheduling/define-schedule.ts'
import { idText, jobStatusOrNull } from './execution-schemas.ts'

const instant = z.iso.datetime()

export const fireSchema: z.ZodType = z
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

export const scheduleSchema: z.ZodType = z
  .object({
    schedule: z.string(),
    jobName: z.string(),
    cron: z.string(),
    timezone: z.string(),
    overlap: z.enum(OVERLAPS),
    misfire: z.union([z.string(), z.record(z.string(), z.unknown())]),
    jitter: z.string(),
    onRecovered: z.enum(RECOVERIES),
    pauseOnFailure: z.boolean(),
    paused: z.object({ by: z.string(), note: z.string().nullable(), since: instant }).nullable(),
    resumed: z.object({ at: instant, by: z.string().nullable() }).nullable(),
    nextSlot: instant.nullable(),
    nextSlots: z.array(instant),
    lastFire: z.union([fireSchema, z.null()]),
    links: z.record(z.string(), z.string()),
  })
  .openapi('Schedule')
