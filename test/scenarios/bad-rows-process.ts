/** Loads rows of which some are refused, in a process of its own, which is killed while it writes the part that it is told. */
import { setImmediate } from 'node:timers'
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
  /** Counted from one. Left out: it goes on to its end. */
  readonly killedAtPart?: number
}

const { repository, table, rows, size, killedAtPart } = JSON.parse(process.argv[2] ?? '') as Order
let parts = 0
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
                const written = sink.write(items, transaction)
                parts += 1
                // By itself: whoever is told first, and then kills, may come when the search is over.
                if (parts === killedAtPart) setImmediate(() => process.kill(process.pid, 'SIGKILL'))
                await written
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
const { error } = await (await batch.operator.start(job, {})).ended
await batch.close()
if (error !== undefined) console.error(error)
