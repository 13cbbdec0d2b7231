/** A process of `operation-races.test.ts`: does what it is told, and says how that ended. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createBatch, defineJob, isBatchError, nonIdentifying } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import type { ItemWriter } from 'batchwright/ports'
import { iterableReader } from 'batchwright/readers/iterable'
import { postgresRepository } from 'batchwright/repository/postgres'
import type { PoolConfig } from 'pg'
import { pino } from 'pino'
import { z } from 'zod'
import type { Batch } from '../../src/create-batch.ts'
import { PG_CLIENT } from '../../src/postgres/resources.ts'

export interface RaceSetting {
  readonly connection: PoolConfig
  readonly schema: string
}

export type RaceOrder =
  | { readonly type: 'open'; readonly setting: RaceSetting }
  /** Starts, or with an id restarts, and waits for the end. */
  | { readonly type: 'run'; readonly name: string; readonly fails: boolean }
  | { readonly type: 'restart'; readonly id: string }
  | { readonly type: 'next' }
  | { readonly type: 'stop' | 'abandon' | 'recover'; readonly id: string }

export const ROWS = 60

export const raced = defineJob({
  name: 'raced',
  parameters: z.object({
    name: z.string(),
    schema: nonIdentifying(z.string()),
    fails: nonIdentifying(z.boolean()),
  }),
  steps: (step) => ({
    load: step.chunk(
      { size: 3 },
      {
        reader: () => iterableReader(Array.from({ length: ROWS }, (_, index) => index)),
        writer: ({ parameters }) => rowWriter(parameters.schema, parameters.name),
      },
    ),
    end: step.tasklet(({ parameters }) => {
      if (parameters.fails) throw new Error('as told')
    }),
  }),
})

/** Without a key, so that a row that is written twice shows. */
function rowWriter(schema: string, name: string): ItemWriter<number> {
  return {
    kind: 'rows',
    description: 'rows',
    guarantee: 'transactional',
    needs: { resource: PG_CLIENT, fallback: 'at-least-once' },
    open: async () => ({
      write: async (items, transaction) => {
        const sql = `insert into ${schema}.raced select $1, unnest($2::int[])`
        await pgClient(transaction).query(sql, [name, items])
        await sleep(1)
      },
      close: async () => {},
    }),
  }
}

async function obey(batch: Batch, schema: string, order: RaceOrder): Promise<string> {
  const { operator } = batch
  switch (order.type) {
    case 'open':
      return 'opened'
    case 'run': {
      const { ended } = await operator.start(raced, { name: order.name, schema, fails: order.fails })
      return (await ended).execution.status
    }
    case 'restart': {
      const { ended } = await operator.restart(order.id, { parameters: { fails: 'false' } })
      return (await ended).execution.status
    }
    case 'next': {
      const { execution, ended } = await operator.startNext(raced, { name: 'next', schema, fails: false })
      await ended
      return execution.jobParameters.find(({ name }) => name === 'run.id')?.text ?? 'none'
    }
    case 'stop':
      return (await operator.stop(order.id)).status
    case 'abandon':
      return (await operator.abandon(order.id)).status
    case 'recover':
      return (await operator.recover(order.id, { force: true })).execution.status
    default:
      return order satisfies never
  }
}

if (process.send !== undefined) {
  let opened: { readonly batch: Batch; readonly schema: string } | undefined
  process.on('message', (order: RaceOrder) => {
    void (async () => {
      if (order.type === 'open') {
        const { connection, schema } = order.setting
        const repository = await postgresRepository({ connection, schema })
        const batch = createBatch({ repository, jobs: [raced], logger: pino({ level: 'silent' }) })
        opened = { batch, schema }
      }
      if (opened === undefined) throw new Error('not opened yet')
      const answer = await obey(opened.batch, opened.schema, order).catch((error: unknown) =>
        isBatchError(error) ? error.code : String(error),
      )
      process.send?.(answer)
    })()
  })
  process.on('disconnect', () => process.exit())
}
