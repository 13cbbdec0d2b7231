/** Loads rows of which some are refused, in a process of its own, to be killed. Prints a line for each part that is written. */
import { createBatch } from 'batchwright'
import { iterableReader } from 'batchwright/readers/iterable'
import { postgresRepository, type PostgresRepositoryOptions } from 'batchwright/repository/postgres'
import { postgresWriter } from 'batchwright/writers/postgres'
import { pino } from 'pino'
import { numbers } from '../core/items.ts'
import { jobOf } from '../core/run-job.ts'

interface Order {
  readonly repository: PostgresRepositoryOptions
  readonly table: string
  readonly rows: number
  readonly size: number
}

const { repository, table, rows, size } = JSON.parse(process.argv[2] ?? '') as Order
const copy = postgresWriter<{ id: number }>({ table, columns: ['id'] })
const job = jobOf(
  (step) => ({
    load: step.chunk(
      { size, skip: { on: Error, limit: rows } },
      {
        reader: iterableReader(() => numbers(rows)),
        processor: (id) => ({ id }),
        writer: {
          ...copy,
          open: async (scope) => {
            const sink = await copy.open(scope)
            return {
              write: async (items, transaction) => {
                console.log('part')
                await sink.write(items, transaction)
              },
              close: sink.close,
            }
          },
        },
      },
    ),
  }),
  { name: `load-${table}` },
)
const batch = createBatch({
  repository: await postgresRepository(repository),
  jobs: [job],
  logger: pino({ level: 'silent' }),
})
const { execution, error } = await (await batch.operator.start(job, {})).ended
await batch.close()
console.log(execution.status)
if (error !== undefined) console.error(error)
