/** What a launch, and a restart, is asked for with. */
import { z } from '@hono/zod-openapi'
import { TRIGGER_NAME_LIMIT } from '../../core/model/launch-facts.ts'

/** A number that does not fit JavaScript's, and a date, are texts. Null counts as not given. */
export type GivenParameters = Readonly<Record<string, string | number | boolean | null>>

export const givenParameters: z.ZodType<GivenParameters> = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .openapi({ description: "By name, of the types that the job's schema says." })

export interface GivenTrigger {
  readonly type: 'external'
  readonly name: string
}

export const givenTrigger: z.ZodType<GivenTrigger> = z
  .strictObject({
    type: z.literal('external'),
    name: z.string().min(1).max(TRIGGER_NAME_LIMIT).openapi({ example: 'airflow:eod' }),
  })
  .openapi('ExternalTrigger', { description: 'What the scheduler that asks calls itself, for the record.' })
