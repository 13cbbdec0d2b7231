/** A load in partitions that worker processes share; the module that they load is this one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { z } from 'zod'
import type { PoolConfig } from 'pg'
import { type Batch, createBatch } from '../../src/create-batch.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { rangePartitions } from '../../src/core/definition/partitioners.ts'
import { pgClient } from '../../src/postgres/resources.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { postgresWriter } from '../../src/writers/postgres.ts'

export interface LoadOrder {
  readonly connection: PoolConfig
  readonly schema: string
  readonly leaseMilliseconds?: number
  readonly poolSize?: number
  readonly processes: number
  readonly concurrency?: number
  /** Of each item. */
  readonly milliseconds?: number
  /** Processing the first of all items keeps the event loop busy for so long. */
  readonly busyMilliseconds?: number
  /** Processing this item kills its process, as long as the table `poison` has it. */
  readonly poison?: number
  /** The process dies in the aggregation, when that has written. */
  readonly dieAggregating?: boolean
}

export const ROWS = 400
export const PARTITIONS = 8

export const loadJob = (order: LoadOrder) =>
  defineJob({
    name: 'load',
    parameters: z.object({ run: z.string() }),
    steps: (step) => ({
      load: step.partitioned(
        {
          size: 5,
          processes: order.processes,
          ...(order.concurrency === undefined ? {} : { concurrency: order.concurrency }),
          partitions: () => rangePartitions({ from: 1, to: ROWS, parts: PARTITIONS }),
          aggregate: async ({ transaction, partitions }) => {
            const sum = partitions.reduce((total, { counts }) => total + counts.writeCount, 0)
            await pgClient(transaction).query(`insert into ${order.schema}.total values ($1)`, [sum])
            if (order.dieAggregating === true) process.kill(process.pid, 'SIGKILL')
          },
        },
        {
          reader: ({ partition: { value } }) =>
            iterableReader(Array.from({ length: value.to - value.from + 1 }, (_, n) => value.from + n)),
          processor: async (id, { partition }) => {
            if (order.milliseconds !== undefined) await sleep(order.milliseconds)
            if (id === 1) beBusy(order.busyMilliseconds ?? 0)
            if (id === order.poison) process.kill(process.pid, 'SIGKILL')
            return { id, partition: partition.name, pid: process.pid }
          },
          writer: postgresWriter({ table: `${order.schema}.row`, columns: ['id', 'partition', 'pid'] }),
        },
      ),
    }),
  })

/** Nothing else is done meanwhile. */
function beBusy(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

/** No key on purpose: a row that is written twice must show. */
export const tablesSql = (schema: string): string =>
  `create table ${schema}.row (id integer, partition text, pid integer); create table ${schema}.total (sum integer)`

export default async function openBatch(order: LoadOrder): Promise<Batch> {
  const { connection, schema, poolSize, leaseMilliseconds = 30_000 } = order
  return createBatch({
    repository: await postgresRepository({
      connection,
      schema,
      leaseMilliseconds,
      ...(poolSize === undefined ? {} : { poolSize }),
    }),
    jobs: [loadJob(order)],
    leaseMilliseconds,
    logger: pino({ level: 'silent' }),
    workers: { module: import.meta.url, argument: order },
  })
}
