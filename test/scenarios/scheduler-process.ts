/** A process of `killed-schedulers.test.ts`: a scheduler that fires two schedules at each second until it is killed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createBatch, defineJob } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import { postgresRepository } from 'batchwright/repository/postgres'
import { createScheduler, defineSchedule } from 'batchwright/scheduling'
import type { PoolConfig } from 'pg'
import { pino } from 'pino'
import { z } from 'zod'

export interface SchedulerSetting {
  readonly connection: PoolConfig
  readonly schema: string
}

const quick = defineJob({
  name: 'quick',
  parameters: z.object({ slot: z.iso.datetime(), schema: z.string() }),
  steps: (step) => ({
    note: step.tasklet(async ({ parameters, transaction }) => {
      await pgClient(transaction).query(`insert into ${parameters.schema}.ran values ('quick', $1)`, [
        parameters.slot,
      ])
    }),
  }),
})

/** Longer than a second, so that its slots meet runs of the slots before. */
const slow = defineJob({
  name: 'slow',
  parameters: z.object({ slot: z.iso.datetime(), schema: z.string() }),
  steps: (step) => ({
    wait: step.tasklet(async ({ parameters, transaction, signal }) => {
      await pgClient(transaction).query(`insert into ${parameters.schema}.ran values ('slow', $1)`, [
        parameters.slot,
      ])
      await sleep(1300, undefined, { signal })
    }),
  }),
})

if (process.send !== undefined) {
  process.once('message', (setting: SchedulerSetting) => {
    void (async () => {
      const { connection, schema } = setting
      const repository = await postgresRepository({ connection, schema })
      const logger = pino({ level: 'silent' })
      const batch = createBatch({ repository, jobs: [quick, slow], logger })
      const slot = { cron: '* * * * * *', timezone: 'UTC' } as const
      const schedules = [
        defineSchedule({
          ...slot,
          name: 'each-second',
          job: quick,
          overlap: 'allow',
          misfire: { rule: 'catch-up', window: '1h' },
          parameters: (scope) => ({ slot: scope.slot.toISOString(), schema }),
        }),
        defineSchedule({
          ...slot,
          name: 'one-at-a-time',
          job: slow,
          parameters: (scope) => ({ slot: scope.slot.toISOString(), schema }),
        }),
      ]
      const scheduler = await createScheduler(batch, schedules)
      process.send?.('firing')
      process.once('SIGTERM', () => {
        void scheduler.drain('told to end').then(async () => {
          await batch.close()
          process.disconnect()
        })
      })
    })()
  })
  process.on('disconnect', () => process.exit())
}
