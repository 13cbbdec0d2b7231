/** The file as a Batchwright job: zod on every row, each chunk durable with its counts and its checkpoint. */
import { createBatch, defineJob } from 'batchwright'
import { delimitedReader } from 'batchwright/readers/delimited'
import { postgresRepository } from 'batchwright/repository/postgres'
import { postgresWriter } from 'batchwright/writers/postgres'
import { z } from 'zod'
import { COLUMNS } from '../trade-file.ts'
import { Trade } from '../trade-schema.ts'
import type { Load } from './contender.ts'

const importTrades = defineJob({
  name: 'bench-import',
  parameters: z.object({ file: z.string(), chunkSize: z.int(), run: z.string() }),
  steps: (step) => ({
    load: step.chunk(
      { size: ({ parameters }) => parameters.chunkSize },
      {
        reader: ({ parameters }) => delimitedReader({ file: parameters.file, schema: Trade }),
        writer: postgresWriter({ table: 'bench_trade', columns: COLUMNS }),
      },
    ),
  }),
})

export async function batchwrightLoad({ file, connection, chunkSize }: Load): Promise<number> {
  await using batch = createBatch({
    repository: await postgresRepository({ connection }),
    jobs: [importTrades],
  })
  const started = await batch.operator.start(importTrades, { file, chunkSize, run: new Date().toISOString() })
  const { execution, error } = await started.ended
  if (execution.status !== 'COMPLETED')
    throw new Error(`the import ended as ${execution.status}`, { cause: error })
  return execution.stepExecutions[0]?.writeCount ?? 0
}
