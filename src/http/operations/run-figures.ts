/** `GET /hours` and `GET /jobs/{job}/typical`: figures that a page shows beside what runs. */
import { z } from '@hono/zod-openapi'
import type { HourFigures } from '../../core/ports/job-figures.ts'
import { parseDuration } from '../../core/model/duration.ts'
import { type Operation, operation } from '../operation.ts'
import { queryNumber } from '../schemas/query-number.ts'

const count = z.int().min(0)
const HOUR = 3_600_000

const hours = z
  .object({
    since: z.iso.datetime(),
    hours: z
      .array(
        z.object({
          hour: z.iso.datetime().openapi({ description: 'Its beginning, in UTC.' }),
          started: count,
          completed: count,
          failed: count,
          stopped: count,
        }),
      )
      .openapi({ description: 'Each of them, oldest first; the last one is not over yet.' }),
  })
  .openapi('HourlyFigures')

/** From an hour to 31 days, in hours, days or weeks. */
const WINDOW = /^(([1-9]|[1-9][0-9]|[1-6][0-9]{2}|7[0-3][0-9]|74[0-4])h|([1-9]|[12][0-9]|3[01])d|[1-4]w)$/

export const getHours: Operation = operation({
  id: 'getHours',
  method: 'get',
  path: '/api/v1/hours',
  scope: 'read',
  tag: 'jobs',
  summary: 'What began and what ended in each hour, of all jobs',
  description: 'What was abandoned since is in none of the counts of what ended.',
  query: z.strictObject({
    window: z
      .string()
      .regex(WINDOW, 'it is no length of time from 1h to 31d')
      .default('24h')
      .openapi({ description: 'So many hours up to now, the present one among them. 31d at most.' }),
  }),
  answers: { 200: { description: 'Hour by hour.', schema: hours } },
  problems: [],
  handle: async ({ operator, clock }, { query }) => {
    const thisHour = Math.floor(clock.now().getTime() / HOUR) * HOUR
    const since = new Date(thisHour - (hoursOf(query.window) - 1) * HOUR)
    const known = await operator.hourlyFigures({ since })
    return { status: 200, json: { since, hours: everyHour(since, thisHour, known) } }
  },
})

function hoursOf(window: string): number {
  return (parseDuration(window) ?? 0) / HOUR
}

function everyHour(since: Date, last: number, known: readonly HourFigures[]): readonly HourFigures[] {
  const byHour = new Map(known.map((one) => [one.hour.getTime(), one]))
  const length = (last - since.getTime()) / HOUR + 1
  return Array.from({ length }, (_, index) => {
    const at = since.getTime() + index * HOUR
    return byHour.get(at) ?? { hour: new Date(at), started: 0, completed: 0, failed: 0, stopped: 0 }
  })
}

const typical = z
  .object({
    jobName: z.string(),
    executions: count.openapi({ description: 'So many it is made of.' }),
    medianMilliseconds: z.number().nullable(),
    steps: z.array(
      z.object({
        stepName: z.string(),
        executions: count,
        medianMilliseconds: z.number(),
        medianReadCount: z.number(),
        medianWriteCount: z.number(),
      }),
    ),
  })
  .openapi('TypicalRun')

export const getTypicalRun: Operation = operation({
  id: 'getTypicalRun',
  method: 'get',
  path: '/api/v1/jobs/{job}/typical',
  scope: 'read',
  tag: 'jobs',
  summary: 'How long a run of a job takes, and how much its steps read and write',
  description:
    'Medians over the last executions that COMPLETED in one go: to say how far one has come whose reader knows no end, and that it is slower than usual.',
  query: z.strictObject({
    last: queryNumber(1, 100, 20).openapi({ description: 'Of so many executions at most.' }),
  }),
  answers: { 200: { description: 'The medians.', schema: typical } },
  problems: ['no-such-job'],
  handle: async ({ operator }, { params, query }) => {
    const { name: jobName } = operator.findJob(params.job)
    return { status: 200, json: { jobName, ...(await operator.typicalRun(jobName, query.last)) } }
  },
})
