/** A split in a process of its own, which one of its branches kills. */
import { createBatch, defineJob } from 'batchwright'
import { iterableReader } from 'batchwright/readers/iterable'
import { postgresRepository, type PostgresRepositoryOptions } from 'batchwright/repository/postgres'
import { postgresWriter } from 'batchwright/writers/postgres'
import { pino } from 'pino'
import { z } from 'zod'

const ITEMS = 600

interface Order {
  readonly repository: PostgresRepositoryOptions
  readonly table: string
  /** The item of the middle branch at which the process ends; null for a run to the end. */
  readonly killAt: number | null
  /** Whether another job runs it, as a step. */
  readonly asStep: boolean
}

const { repository, table, killAt, asStep } = JSON.parse(process.argv[2] ?? '') as Order

const job = defineJob({
  name: 'split',
  parameters: z.object({ table: z.string() }),
  steps: (step) => {
    const load = (branch: string, size: number) =>
      step.chunk(
        { size },
        {
          reader: iterableReader(() => Array.from({ length: ITEMS }, (_, n) => ({ branch, n }))),
          processor: (item) => {
            if (branch === 'middle' && item.n === killAt) process.kill(process.pid, 'SIGKILL')
            return item
          },
          writer: postgresWriter({ table, columns: ['branch', 'n'] }),
        },
      )
    return {
      left: load('left', 20),
      middle: load('middle', 27),
      right: load('right', 34),
      after: step.tasklet(() => undefined),
    }
  },
  flow: ({ flow, split, fail }) =>
    flow('all', {
      all: split(
        { left: ['left'], middle: ['middle'], right: ['right'] },
        { COMPLETED: 'after', '*': fail() },
      ),
    }),
})

const parent = defineJob({
  name: 'parent',
  parameters: z.object({ table: z.string() }),
  steps: (step) => ({
    child: step.job(job, { parameters: ({ parameters }) => ({ table: parameters.table }) }),
  }),
})

const batch = createBatch({
  repository: await postgresRepository(repository),
  jobs: [parent, job],
  logger: pino({ level: 'silent' }),
})
const { execution, error } = await (
  await batch.operator.startByName(asStep ? parent.name : job.name, { table })
).ended
await batch.close()
if (execution.status !== 'COMPLETED') {
  console.error(error)
  process.exitCode = 1
}
