import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../../src/core/definition/define-job.ts'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import { purgeHistory } from '../../../src/core/operator/purge-history.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import { createBatch } from '../../../src/create-batch.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'

const jobs = ['first', 'second'].map((name) =>
  defineJob({
    name,
    parameters: z.object({ day: z.int() }),
    steps: (step) => ({ work: step.tasklet(() => {}) }),
  }),
)

describe('Purging the history', () => {
  const later = () => new Date(Date.now() + 60_000)
  let repository: JobRepository

  async function ran(jobName: string, days: number): Promise<void> {
    const { operator } = createBatch({ repository, jobs, logger: pino({ level: 'silent' }) })
    for (let day = 1; day <= days; day += 1) {
      const { ended } = await operator.startByName(jobName, { day: String(day) })
      await ended
    }
  }

  beforeEach(() => {
    repository = memoryRepository()
  })

  it('keeps ten of each job, and tells what went of which', async () => {
    await ran('first', 13)
    await ran('second', 11)
    const report = await purgeHistory(repository, { endedBefore: later() })
    const part = (instances: number) => ({
      instances,
      executions: instances,
      steps: instances,
      quarantined: 0,
    })
    expect(report).to.deep.equal({
      jobs: [
        { jobName: 'first', ...part(3) },
        { jobName: 'second', ...part(1) },
      ],
      total: part(4),
      stopped: false,
    })
  })

  it('goes on over as many transactions as it takes, each of at most a hundred instances', async () => {
    await ran('first', 250)
    const parts: number[] = []
    const counting: JobRepository = {
      ...repository,
      purge: async (request) => {
        const part = await repository.purge(request)
        parts.push(part.instances)
        return part
      },
    }
    const { total } = await purgeHistory(counting, { endedBefore: later(), keepLast: 0 })
    expect(total.instances).to.equal(250)
    expect(parts).to.deep.equal([100, 100, 50])
  })

  it('ends at a signal between two transactions, and tells what was deleted by then', async () => {
    await ran('first', 150)
    await ran('second', 1)
    const stop = new AbortController()
    const stopping: JobRepository = {
      ...repository,
      purge: async (request) => {
        stop.abort()
        return repository.purge(request)
      },
    }
    const options = { endedBefore: later(), keepLast: 0, signal: stop.signal }
    const report = await purgeHistory(stopping, options)
    expect([report.total.instances, report.stopped]).to.deep.equal([100, true])
  })

  it('refuses to keep less than nothing', async () => {
    const error = await purgeHistory(repository, { endedBefore: later(), keepLast: -1 }).catch(
      (thrown: unknown) => thrown,
    )
    expect(isBatchError(error, 'INVALID_CONFIGURATION')).to.equal(true)
  })
})
