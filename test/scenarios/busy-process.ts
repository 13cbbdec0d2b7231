/** A job whose code holds up the event loop for several leases, in a process of its own. Prints how it ended. */
import { createBatch, defineJob } from 'batchwright'
import { iterableReader } from 'batchwright/readers/iterable'
import { postgresRepository, type PostgresRepositoryOptions } from 'batchwright/repository/postgres'
import { pino } from 'pino'
import { z } from 'zod'

interface Order {
  readonly repository: PostgresRepositoryOptions
  readonly leaseMilliseconds: number
  readonly busyMilliseconds: number
}

export const busy = defineJob({
  name: 'busy',
  parameters: z.object({ milliseconds: z.int() }),
  steps: (step) => ({
    compute: step.chunk(
      { size: 1 },
      {
        reader: () => iterableReader([1, 2]),
        processor: (item, { parameters }) => {
          if (item === 1) holdUp(parameters.milliseconds)
          return item
        },
        writer: () => ({
          kind: 'nowhere',
          description: 'nowhere',
          guarantee: 'idempotent',
          open: async () => ({ write: async () => {}, close: async () => {} }),
        }),
      },
    ),
  }),
})

function holdUp(milliseconds: number): void {
  console.log('busy')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

if (process.argv[2]?.startsWith('{') === true) {
  const { repository, leaseMilliseconds, busyMilliseconds } = JSON.parse(process.argv[2]) as Order
  await using batch = createBatch({
    repository: await postgresRepository(repository),
    jobs: [busy],
    leaseMilliseconds,
    logger: pino({ level: 'silent' }),
  })
  const started = await batch.operator.start(busy, { milliseconds: busyMilliseconds })
  const outcome = await started.ended.then(
    ({ execution }) => execution.status,
    (error: { code?: string }) => error.code,
  )
  console.log(`ended ${outcome}`)
}
