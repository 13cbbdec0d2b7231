/**
 * Lesson 13: a job by the clock. Any number of these processes may run: each slot is fired once, or the ledger says why not.
 * Kill one in the middle of a run, and another goes on with it, or the same one when it is back.
 *
 *     npx batchwright scheduler                                     fires it each minute, until Ctrl-C
 *     npx batchwright schedules                                     what comes next, and what became of the last one
 *     npx batchwright schedules fires heartbeat                     each slot, and why it was not fired
 *     npx batchwright schedules pause heartbeat --note "the fair"   and resume, trigger, backfill
 */
import { defineJob } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import { defineSchedule } from 'batchwright/scheduling'
import { z } from 'zod'

export const heartbeat = defineJob({
  name: 'heartbeat',
  description: 'Notes the minute for which it was fired',
  parameters: z.object({ minute: z.iso.datetime() }),
  steps: (step) => ({
    note: step.tasklet(async ({ parameters, transaction }) => {
      const client = pgClient(transaction)
      await client.query('create table if not exists heartbeat (minute timestamptz primary key)')
      await client.query('insert into heartbeat values ($1)', [parameters.minute])
    }),
  }),
})

export const eachMinute = defineSchedule({
  name: 'heartbeat',
  job: heartbeat,
  cron: '* * * * *',
  timezone: 'UTC',
  parameters: ({ slot }) => ({ minute: slot.toISOString() }),
  misfire: { rule: 'catch-up', window: '10m' },
})
