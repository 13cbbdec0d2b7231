/** A partitioned load on a schema of its own, for suites that disturb its processes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { RunOutcome } from '../../src/core/engine/run-outcome.ts'
import type { StepExecution } from '../../src/core/model/step-execution.ts'
import type { StartedJob, StartOptions } from '../../src/core/operator/started-job.ts'
import type { Batch } from '../../src/create-batch.ts'
import { processStart } from '../../src/process/process-start.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import openBatch, { type LoadOrder, ROWS, tablesSql } from './partitioned-load.ts'

export type Order = Omit<LoadOrder, 'connection' | 'schema'>

export interface LoadOutcome extends RunOutcome {
  /** The executions of partitions. */
  readonly parts: readonly StepExecution[]
  readonly manager: StepExecution
}

export interface LoadTrial {
  readonly database: () => TestDatabase
  readonly start: (
    order: Order,
    options?: StartOptions,
  ) => Promise<{ readonly batch: Batch; readonly started: StartedJob }>
  readonly load: (
    order: Order,
    meanwhile?: (started: StartedJob) => Promise<unknown>,
    options?: StartOptions,
  ) => Promise<LoadOutcome>
  readonly partsOf: (batch: Batch, jobExecutionId: string) => Promise<readonly StepExecution[]>
  /** `@` stands for the schema. */
  readonly rows: <R>(sql: string) => Promise<readonly R[]>
  /** Every row once, and one aggregation over all. */
  readonly expectWhole: () => Promise<void>
  /** Of processes that have committed rows, once there are so many. */
  readonly workerPids: (atLeast: number) => Promise<readonly number[]>
}

/** A fresh schema for each test. */
export function loadTrial(): LoadTrial {
  let database: TestDatabase
  beforeEach(async () => {
    database = await testDatabase()
    await database.pool.query(tablesSql(database.schema))
  })
  afterEach(() => database.close())

  const start = async (order: Order, options?: StartOptions) => {
    const { connection, schema } = database
    const batch = await openBatch({ connection, schema, ...order })
    return { batch, started: await batch.operator.startByName('load', { run: 'a' }, options) }
  }
  const partsOf = ({ operator }: Batch, jobExecutionId: string) =>
    operator.listPartitionExecutions({ jobExecutionId, limit: 100 })
  const rows = async <R>(sql: string) =>
    (await database.pool.query(sql.replaceAll('@', `${database.schema}.`))).rows as R[]
  return {
    database: () => database,
    start,
    load: async (order, meanwhile, options) => {
      const { batch, started } = await start(order, options)
      await using _ = batch
      const [outcome] = await Promise.all([started.ended, meanwhile?.(started)])
      const { id } = started.execution
      const execution = await batch.operator.findJobExecution(id)
      const [manager] = execution.stepExecutions as [StepExecution]
      return { ...outcome, execution, manager, parts: await partsOf(batch, id) }
    },
    partsOf,
    rows,
    expectWhole: async () => {
      const counted = await rows('select count(*)::int as all, count(distinct id)::int as ids from @row')
      expect(counted).to.deep.equal([{ all: ROWS, ids: ROWS }])
      expect(await rows('select sum from @total')).to.deep.equal([{ sum: ROWS }])
    },
    workerPids: async (atLeast) => {
      for (;;) {
        const pids = await rows<{ pid: number }>('select distinct pid from @row')
        if (pids.length >= atLeast) return pids.map(({ pid }) => pid)
        await sleep(20)
      }
    },
  }
}

/** None of them is alive, soon. */
export async function expectGone(pids: readonly number[], withinMilliseconds = 10_000): Promise<void> {
  const deadline = Date.now() + withinMilliseconds
  while (pids.some(isRunning)) {
    expect(Date.now(), `${String(pids)} are still alive`).to.be.below(deadline)
    await sleep(20)
  }
}

function isRunning(pid: number): boolean {
  return processStart(pid).state === 'running'
}
