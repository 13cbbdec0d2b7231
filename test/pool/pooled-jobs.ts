/** Jobs for the tests of the pool; the module that its processes load is this one. */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PoolConfig } from 'pg'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { createBatch } from '../../src/create-batch.ts'
import type { PoolBatch } from '../../src/pool/pool-batch.ts'
import { pgClient } from '../../src/postgres/resources.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { defineSchedule } from '../../src/scheduling/define-schedule.ts'
import type { Tell } from '../../src/telemetry/observation.ts'
import { postgresWriter } from '../../src/writers/postgres.ts'

export interface PooledSetting {
  readonly connection: PoolConfig
  readonly schema: string
  /** The project cannot be loaded. */
  readonly broken?: boolean
  /** Loading the project never ends. */
  readonly hangs?: boolean
  /** The process dies when a launch is recorded, before it is answered. */
  readonly diesLaunching?: boolean
}

export const ROWS = 40

/** Rows in chunks of 10, each item so long. */
const load = ({ schema }: PooledSetting) =>
  defineJob({
    name: 'load',
    parameters: z.object({ run: z.string(), milliseconds: z.coerce.number().optional() }),
    steps: (step) => ({
      load: step.chunk(
        { size: 10 },
        {
          reader: iterableReader(Array.from({ length: ROWS }, (_, n) => n + 1)),
          processor: async (id, { parameters }) => {
            await sleep(parameters.milliseconds ?? 0)
            return { id, run: parameters.run, pid: process.pid }
          },
          writer: postgresWriter({ table: `${schema}.row`, columns: ['id', 'run', 'pid'] }),
        },
      ),
    }),
  })

/** What a job, or a library in it, may say to whoever has forked its process. */
const WORDS = [
  'ready',
  null,
  7,
  { type: 'ready' },
  { type: 'failed' },
  { type: 'free' },
  { type: 'observed' },
]

/** Does to its process what `how` says, once it has told its pid. */
const harm = ({ schema }: PooledSetting) =>
  defineJob({
    name: 'harm',
    parameters: z.object({
      run: z.string(),
      how: z.enum(['exit', 'kill', 'disconnect', 'reject', 'block', 'wait', 'talk']),
      /** Made when the harm begins. */
      file: z.string().optional(),
    }),
    steps: (step) => ({
      tell: step.tasklet(async ({ transaction, parameters }) => {
        await pgClient(transaction).query(`insert into ${schema}.row values (0, $1, $2)`, [
          parameters.run,
          process.pid,
        ])
      }),
      harm: step.tasklet(async ({ parameters: { how, file }, signal }) => {
        if (file !== undefined) writeFileSync(file, '')
        if (how === 'exit') process.exit(3)
        if (how === 'disconnect') process.disconnect()
        if (how === 'kill') process.kill(process.pid, 'SIGKILL')
        if (how === 'reject') void Promise.reject(new Error('nobody awaits this'))
        if (how === 'block') for (;;);
        if (how === 'talk') return WORDS.forEach((word) => process.send?.(word))
        await sleep(60_000, undefined, { signal })
      }),
    }),
  })

export const rowTable = (schema: string): string =>
  `create table ${schema}.row (id integer, run text, pid integer)`

export default async function openPooled(
  setting: PooledSetting,
  observations: Tell = () => {},
): Promise<PoolBatch> {
  if (setting.hangs === true) await new Promise(() => setInterval(() => {}, 1000))
  if (setting.broken === true) throw new Error('the project is broken')
  const { connection, schema } = setting
  const loadJob = load(setting)
  const batch = createBatch({
    repository: await postgresRepository({ connection, schema }),
    jobs: [loadJob, harm(setting)],
    logger: pino({ level: 'silent' }),
    observations,
  })
  const { operator } = batch
  return {
    ...batch,
    operator: {
      ...operator,
      launch: async (order) => {
        const answer = await operator.launch(order)
        if (setting.diesLaunching === true) process.kill(process.pid, 'SIGKILL')
        return answer
      },
    },
    schedules: [
      defineSchedule({
        name: 'loading',
        job: loadJob,
        cron: '0 3 * * *',
        timezone: 'UTC',
        parameters: ({ slot }) => ({ run: slot.toISOString() }),
      }),
    ],
  }
}
