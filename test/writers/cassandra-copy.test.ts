import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { cassandraReader } from '../../src/readers/cassandra.ts'
import { everyKillPoint, type MemoryCassandra, memoryTable } from '../../src/testing/index.ts'
import { type Strike, strikeTrial } from './strike-trial.ts'

describe('cassandraWriter', () => {
  const { store, emptyStore, strike, writer, birds } = strikeTrial()

  describe('together with the reader', () => {
    const source = (): MemoryCassandra => {
      const from = emptyStore()
      from.insert(
        'strike',
        Array.from({ length: 23 }, (_, n) => strike(n)),
      )
      return from
    }

    it('copies a table whatever kills the job wherever', async () => {
      const from = source()
      const job = defineJob({
        name: 'copy',
        parameters: z.object({}),
        steps: (step) => ({
          copy: step.chunk(
            { size: 5 },
            {
              reader: cassandraReader<Strike>({ client: from.client, table: 'strike', fetchSize: 3 }),
              writer: writer({ batch: 'partition', timestamp: 'execution' }),
            },
          ),
        }),
      })
      const report = await everyKillPoint(job, {
        parameters: {},
        output: () => store().rows('strike'),
        reset: () => store().clear(),
      })
      expect(report.kills).to.be.greaterThan(20)
      expect(birds()).to.have.lengthOf(23)
    })

    it('fills a table in the chunk’s transaction exactly once, whatever kills the job wherever', async () => {
      const from = source()
      const table = memoryTable<Strike>({ key: ({ n }) => n })
      const job = defineJob({
        name: 'copy',
        parameters: z.object({}),
        steps: (step) => ({
          copy: step.chunk(
            { size: 4 },
            {
              reader: cassandraReader<Strike>({
                client: from.client,
                table: 'strike',
                keys: ['s2', 's0', 's1'].map((state) => ({ state })),
                fetchSize: 3,
              }),
              writer: table.writer,
            },
          ),
        }),
      })
      await everyKillPoint(job, {
        parameters: {},
        output: () => table.rows(),
        reset: () => table.clear(),
        kills: 2,
      })
    })
  })
})
