/** A load in partitions that worker processes share; the module that they load is this one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { z } from 'zod'
import type { PoolConfig } from 'pg'
import { type Batch, createBatch } from '../../src/create-batch.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import type { StepFactory } from '../../src/core/definition/step-factory.ts'
import { rangePartitions } from '../../src/core/definition/partitioners.ts'
import { fileTracing } from './file-tracing.ts'
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
  /** Spans are written to this file when they end. */
  readonly traceFile?: string
  /** Processing this item kills its process. */
  readonly poison?: number
  /** Processing this item fails. */
  readonly bad?: number
  readonly failFast?: boolean
  /** The process dies in the aggregation, when that has written. */
  readonly dieAggregating?: boolean
}

export const ROWS = 400
export const PARTITIONS = 8

export const loadJob = (order: LoadOrder) =>
  defineJob({
    name: 'load',
    parameters: PARAMETERS,
    steps: (step) => ({ load: partitionedLoad(step, order, 1, ROWS) }),
  })

/** The halves of the load, side by side. */
export const splitJob = (order: LoadOrder) =>
  defineJob({
    name: 'split',
    parameters: PARAMETERS,
    steps: (step) => ({
      left: partitionedLoad(step, order, 1, ROWS / 2),
      right: partitionedLoad(step, order, ROWS / 2 + 1, ROWS),
    }),
    flow: ({ flow, split }) => flow('both', { both: split({ left: ['left'], right: ['right'] }) }),
  })

/** Each row with what the step before has left in the job's context. */
export const contextJob = ({ schema, processes }: LoadOrder) =>
  defineJob({
    name: 'context',
    parameters: PARAMETERS,
    steps: (step) => ({
      prepare: step.tasklet(({ jobContext }) => jobContext.set('note', { big: 12_345_678_901_234_567n })),
      load: step.partitioned(
        { size: 5, processes, partitions: () => rangePartitions({ from: 1n, to: 4n, parts: 2 }) },
        {
          reader: ({ partition: { value } }) => iterableReader([value.from, value.to]),
          processor: (id, { jobContext }) => {
            const { big } = jobContext.get('note') as { readonly big: bigint }
            return { id: typeof id === 'bigint' ? Number(id) : -1, partition: String(big), pid: process.pid }
          },
          writer: postgresWriter({ table: `${schema}.row`, columns: ['id', 'partition', 'pid'] }),
        },
      ),
    }),
  })

const PARAMETERS = z.object({ run: z.string() })

function partitionedLoad(
  step: StepFactory<z.infer<typeof PARAMETERS>>,
  order: LoadOrder,
  from: number,
  to: number,
) {
  const { processes, concurrency, failFast = false } = order
  return step.partitioned(
    {
      size: 5,
      processes,
      failFast,
      ...(concurrency === undefined ? {} : { concurrency }),
      partitions: () => rangePartitions({ from, to, parts: PARTITIONS }),
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
        if (id === order.bad) throw new Error(`cannot do ${id}`)
        return { id, partition: partition.name, pid: process.pid }
      },
      writer: postgresWriter({ table: `${order.schema}.row`, columns: ['id', 'partition', 'pid'] }),
    },
  )
}

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
    jobs: [loadJob(order), splitJob(order), contextJob(order)],
    leaseMilliseconds,
    logger: pino({ level: 'silent' }),
    ...(order.traceFile !== undefined && { tracing: fileTracing(order.traceFile) }),
    workers: { module: import.meta.url, argument: order },
  })
}
