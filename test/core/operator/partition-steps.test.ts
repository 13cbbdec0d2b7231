import { expect } from 'chai'
import { pino } from 'pino'
import { createBatch } from '../../../src/create-batch.ts'
import { rangePartitions } from '../../../src/core/definition/partitioners.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { memoryTable } from '../../../src/testing/memory-table.ts'
import { listReader, numbers } from '../items.ts'
import { jobOf } from '../run-job.ts'

describe('What partitions have quarantined', () => {
  it('is redriven with the part of the plan that it came from', async () => {
    const repository = memoryRepository()
    const table = memoryTable<{ readonly id: number; readonly part: string; readonly to: number }>()
    let broken = true
    const job = jobOf((step) => ({
      load: step.partitioned(
        {
          size: 10,
          concurrency: 1,
          skip: { on: Error, limit: 5 },
          partitions: () => rangePartitions({ from: 0, to: 39, parts: 4 }),
        },
        {
          reader: ({ partition: { value } }) => listReader(numbers(40).slice(value.from, value.to + 1)),
          processor: (id, { partition }) => {
            if (broken && (id === 15 || id === 33)) throw new Error(`bad ${id}`)
            return { id, part: partition.name, to: partition.value.to }
          },
          writer: table.writer,
        },
      ),
    }))
    await using batch = createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
    const { execution } = await (await batch.operator.start(job, {})).ended
    expect(execution.status).to.equal('COMPLETED')
    expect(execution.stepExecutions[0]).to.include({ readCount: 40, writeCount: 38, processSkipCount: 2 })

    broken = false
    const redrive = await batch.operator.redrive(execution.id)
    const outcome = await redrive.ended
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    expect(table.rows().filter(({ id }) => id === 15 || id === 33)).to.deep.equal([
      { id: 15, part: 'part2', to: 19 },
      { id: 33, part: 'part4', to: 39 },
    ])
    expect(table.rows().length).to.equal(40)
  })

  it('is looked up before the redrive is launched, so that none is launched that nobody runs', async () => {
    const repository = memoryRepository()
    const { partitions } = repository
    let isLost = false
    let launched = 0
    const job = jobOf((step) => ({
      load: step.partitioned(
        {
          size: 10,
          skip: { on: Error, limit: 5 },
          partitions: () => rangePartitions({ from: 0, to: 9, parts: 1 }),
        },
        {
          reader: ({ partition: { value } }) => listReader(numbers(value.to + 1)),
          processor: (id) => {
            if (!isLost && id === 5) throw new Error('bad')
            return { id }
          },
          writer: memoryTable<{ readonly id: number }>().writer,
        },
      ),
    }))
    const away: JobRepository = {
      ...repository,
      launchRedrive: async (request) => {
        isLost = true
        launched += 1
        return repository.launchRedrive(request)
      },
      partitions: {
        ...partitions,
        findPartitions: async (planId, id) => {
          if (isLost) throw new Error('the connection was lost')
          return partitions.findPartitions(planId, id)
        },
      },
    }
    await using batch = createBatch({ repository: away, jobs: [job], logger: pino({ level: 'silent' }) })
    const { execution } = await (await batch.operator.start(job, {})).ended
    const { ended } = await batch.operator.redrive(execution.id)
    expect((await ended).execution.status).to.equal('COMPLETED')
    expect(launched).to.equal(1)
  })
})
