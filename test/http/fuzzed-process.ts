/** A process of `fuzz.servers.test.ts`: the API on a free port of loopback, with jobs of every kind, until it is killed. */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { createBatch, defineJob, nonIdentifying } from 'batchwright'
import { createHttpApi, localPool, tokenHash } from 'batchwright/http'
import { postgresRepository } from 'batchwright/repository/postgres'
import { defineSchedule } from 'batchwright/scheduling'
import type { PoolConfig } from 'pg'
import { pino } from 'pino'
import { z } from 'zod'

export interface FuzzedSetting {
  readonly connection: PoolConfig
  readonly schema: string
  readonly token: string
}

export interface FuzzedAddress {
  readonly port: number
}

const quick = defineJob({
  name: 'quick',
  description: 'Completes at once',
  parameters: z.object({
    businessDate: z.iso.date(),
    count: z.int().min(0).max(100).default(1),
    rate: z.number().optional(),
    isFinal: z.boolean().optional(),
    at: z.iso.datetime().optional(),
    region: z.enum(['EU', 'US']).default('EU'),
    note: nonIdentifying(z.string().max(20)).optional(),
  }),
  exitCodes: { 'COMPLETED WITH SKIPS': 10 },
  steps: (step) => ({ close: step.tasklet(() => {}) }),
})

const failing = defineJob({
  name: 'failing',
  parameters: z.object({ name: z.string().default('one') }),
  steps: (step) => ({
    fail: step.tasklet(() => {
      throw new TypeError('cannot be done')
    }),
  }),
})

/** Long enough to be stopped. */
const slow = defineJob({
  name: 'slow',
  parameters: z.object({ name: z.string() }),
  steps: (step) => ({
    wait: step.tasklet(({ signal }) => sleep(3000, undefined, { signal })),
  }),
})

const once = defineJob({
  name: 'once',
  parameters: z.object({}),
  restartable: false,
  steps: (step) => ({
    fail: step.tasklet(() => {
      throw new Error('no')
    }),
  }),
})

/** Due when nobody fuzzes. */
const yearly = defineSchedule({
  name: 'yearly',
  job: quick,
  cron: '0 0 1 1 *',
  timezone: 'UTC',
  parameters: ({ localDate }) => ({ businessDate: localDate(0) }),
})

async function serve({ connection, schema, token }: FuzzedSetting): Promise<FuzzedAddress> {
  const repository = await postgresRepository({ connection, schema })
  const jobs = [quick, failing, slow, once]
  const batch = createBatch({ repository, jobs, logger: pino({ level: 'silent' }) })
  const schedules = [yearly]
  const pool = localPool({ batch, schedules, limit: 20 })
  const tokens = [{ name: 'fuzz', scopes: ['admin'] as const, sha256: tokenHash(token) }]
  const api = createHttpApi({ batch, pool, schedules, tokens })
  const listen = getRequestListener(api.fetch)
  const server = createServer((request, response) => void listen(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port }
}

if (process.send !== undefined) {
  process.once('disconnect', () => process.exit())
  process.once('message', (setting: FuzzedSetting) => {
    void serve(setting).then((address) => process.send?.(address))
  })
}
