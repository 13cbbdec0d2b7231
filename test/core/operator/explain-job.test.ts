import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob, type JobDefinition } from '../../../src/core/definition/define-job.ts'
import { explainJob, type StepExplanation } from '../../../src/core/operator/explain-job.ts'
import type { OpenedReader } from '../../../src/core/ports/item-reader.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import { iterableReader } from '../../../src/readers/iterable.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { postgresWriter } from '../../../src/writers/postgres.ts'
import { listReader } from '../items.ts'
import { markedLog } from '../marked-log.ts'
import { jobOf } from '../run-job.ts'

const importIds = defineJob({
  name: 'import-ids',
  parameters: z.object({ table: z.string(), size: z.int() }),
  steps: (step) => ({
    prepare: step.tasklet(() => {
      throw new Error('explaining a job runs nothing')
    }),
    load: step.chunk(
      { size: ({ parameters }) => parameters.size },
      {
        reader: {
          kind: 'ids',
          description: 'three ids',
          open: (): Promise<OpenedReader<{ id: number }>> => {
            throw new Error('explaining a job opens nothing')
          },
        },
        writer: ({ parameters }) =>
          postgresWriter<{ id: number }>({ table: parameters.table, columns: ['id'] }),
      },
    ),
    merge: step.chunk(
      { size: 5, maxBytes: 1_000_000, maxMilliseconds: 500 },
      {
        reader: iterableReader([{ id: 1 }]),
        writer: postgresWriter<{ id: number }>({ table: 'id', columns: ['id'], onConflict: 'nothing' }),
      },
    ),
  }),
})

describe('The explanation of a job', () => {
  const memory = memoryRepository()
  const explain = (repository: JobRepository): Promise<readonly StepExplanation[]> =>
    explainJob(
      importIds as unknown as JobDefinition,
      { table: 'ids', size: 7 },
      repository,
      pino({ level: 'silent' }),
    )

  it("names the guarantees that the writers give in the repository's transaction", async () => {
    const steps = await explain({ ...memory, transactionHas: ({ name }) => name === 'pg client' })
    const exactlyOnce = {
      guarantee: 'transactional',
      meaning: 'exactly once: items, counts and checkpoint are committed together',
    }
    expect(steps).to.deep.equal([
      {
        name: 'prepare',
        kind: 'tasklet',
        meaning:
          'what it writes through its transaction is committed with the step; anything else may be done again after a crash',
      },
      {
        name: 'load',
        kind: 'chunk',
        reader: 'three ids',
        writer: 'copy into table ids',
        chunkSize: 7,
        maxBytes: null,
        maxMilliseconds: null,
        ...exactlyOnce,
      },
      {
        name: 'merge',
        kind: 'chunk',
        reader: 'array of 1 items',
        writer: 'upsert into table id',
        chunkSize: 5,
        maxBytes: 1_000_000,
        maxMilliseconds: 500,
        ...exactlyOnce,
      },
    ])
  })

  it('says on the in-memory repository that the guarantees are less, and why', async () => {
    const [, load, merge] = await explain(memory)
    const why = ` (the transaction of ${memory.description} has no pg client)`
    expect(load).to.include({
      guarantee: 'at-least-once',
      meaning: `after a crash the last chunk may be written again, and its items may be seen twice${why}`,
    })
    expect(merge).to.include({
      guarantee: 'idempotent',
      meaning: `after a crash the last chunk may be written again, which changes nothing${why}`,
    })
  })

  it('says of a writer with a transaction of its own that it is exactly once, on any repository', async () => {
    const { writer } = markedLog<number>()
    const job = jobOf((step) => ({ load: step.chunk({ size: 5 }, { reader: listReader([1]), writer }) }))
    const logger = pino({ level: 'silent' })
    const [load] = await explainJob(job as unknown as JobDefinition, {}, memory, logger)
    expect(load).to.include({ guarantee: 'transactional' })
    expect(load?.meaning).to.match(/^exactly once: items are committed in a transaction of the writer/)
  })
})
