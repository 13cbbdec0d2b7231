/** The project of `killed-servers.test.ts`, as its server and the processes of that make it: rows are written once, or it shows. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PoolConfig } from 'pg'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { type Batch, createBatch } from '../../src/create-batch.ts'
import type { PoolBatch } from '../../src/pool/pool-batch.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import type { Tell } from '../../src/telemetry/observation.ts'
import { postgresWriter } from '../../src/writers/postgres.ts'

export interface ServedSetting {
  readonly connection: PoolConfig
  readonly schema: string
  readonly port: number
}

export const ROWS = 40
const CHUNK = 10
const ITEM_MILLISECONDS = 8

export async function openServed(setting: ServedSetting, observations?: Tell): Promise<Batch> {
  const { connection, schema } = setting
  const load = defineJob({
    name: 'load',
    parameters: z.object({ run: z.string() }),
    steps: (step) => ({
      load: step.chunk(
        { size: CHUNK },
        {
          reader: iterableReader(Array.from({ length: ROWS }, (_, n) => n + 1)),
          processor: async (id, { parameters: { run } }) => {
            await sleep(ITEM_MILLISECONDS)
            return { id, run }
          },
          writer: postgresWriter({ table: `${schema}.loaded`, columns: ['id', 'run'] }),
        },
      ),
    }),
  })
  return createBatch({
    repository: await postgresRepository({ connection, schema }),
    jobs: [load],
    logger: pino({ level: 'silent' }),
    ...(observations && { observations }),
  })
}

/** For the processes of the server's pool. */
export default async function openPooled(setting: ServedSetting, observations: Tell): Promise<PoolBatch> {
  return { ...(await openServed(setting, observations)), schedules: [] }
}
