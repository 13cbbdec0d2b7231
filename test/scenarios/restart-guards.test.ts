/** What has changed between two runs is found before anything is written, on both repositories. */
import { expect } from 'chai'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBatch, defineJob, type JobRepository, memoryRepository, type Steps } from 'batchwright'
import { postgresRepository } from 'batchwright/repository/postgres'
import { delimitedReader } from 'batchwright/readers/delimited'
import { pino } from 'pino'
import { z } from 'zod'
import type { JobDefinition, JobOptions } from '../../src/core/definition/define-job.ts'
import type { RunOutcome } from '../../src/core/engine/run-outcome.ts'
import { type BatchError, isBatchError } from '../../src/core/model/batch-error.ts'
import { listWriter } from '../core/items.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'

const parameters = z.object({ file: z.string() })
type Parameters = typeof parameters
const HEAD = 'id,name\n'
const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `${from + index},name ${from + index}\n`).join('')

interface Trial {
  readonly job: (more?: Partial<JobOptions<Parameters, Steps>>) => JobDefinition<Parameters>
  readonly written: () => readonly number[]
  readonly tasklets: string[]
}

/** Loads a file in chunks of 10, and fails once when 50 rows are written. */
function importTrial(name: string): Trial {
  let failed = false
  const tasklets: string[] = []
  const writer = listWriter<Record<string, string>>({
    onWrite: (_, call) => {
      if (call !== 5 || failed) return
      failed = true
      throw new Error('disk full')
    },
  })
  return {
    tasklets,
    written: () => writer.chunks.flat().map(({ id }) => Number(id)),
    job: (more = {}) =>
      defineJob({
        name,
        parameters,
        steps: (step): Steps => ({
          load: step.chunk(
            { size: 10 },
            { reader: (scope) => delimitedReader({ file: scope.parameters.file }), writer },
          ),
          verify: step.tasklet(() => void tasklets.push('verify')),
        }),
        ...more,
      }),
  }
}

const REPOSITORIES: Readonly<Record<string, () => Promise<[JobRepository, TestDatabase | undefined]>>> = {
  'in memory': async () => [memoryRepository(), undefined],
  'on Postgres': async () => {
    const database = await testDatabase()
    return [await postgresRepository({ connection: database.connection, schema: database.schema }), database]
  },
}

for (const [where, open] of Object.entries(REPOSITORIES)) {
  describe(`Restart guards ${where}`, () => {
    let repository: JobRepository
    let database: TestDatabase | undefined
    let folder: string
    let file: string
    let trial: Trial
    let count = 0

    before(async () => {
      ;[repository, database] = await open()
    })
    after(async () => {
      await repository.close()
      await database?.close()
    })
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'batchwright-guards-'))
      file = join(folder, 'trades.csv')
      trial = importTrial(`guarded-${(count += 1)}`)
      await writeFile(file, HEAD + rows(0, 100))
      expect((await run(trial.job())).execution.status).to.equal('FAILED')
      expect(trial.written()).to.have.length(50)
    })
    afterEach(() => rm(folder, { recursive: true }))

    async function run(job: JobDefinition<Parameters>, options = {}): Promise<RunOutcome> {
      const batch = createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
      const started = await batch.operator.start(job, { file }, options)
      return started.ended
    }

    async function refusalOf(job: JobDefinition<Parameters>): Promise<BatchError> {
      const before = await repository.listJobExecutions({ jobName: job.name, limit: 10 })
      try {
        await run(job)
      } catch (error) {
        if (!isBatchError(error)) throw error
        expect(await repository.listJobExecutions({ jobName: job.name, limit: 10 })).to.deep.equal(before)
        return error
      }
      throw new Error('it was started')
    }

    it('refuse a file that was replaced, name the difference, and go on when the former one is back', async () => {
      await writeFile(file, HEAD + rows(0, 100).replace('7,name 7', '7,NAME 7'))
      const { execution, error } = await run(trial.job())
      expect(execution.status).to.equal('FAILED')
      expect(isBatchError(error, 'INPUT_CHANGED') && error.message).to.contain(
        `${file} is not the file any more of which`,
      )
      expect(trial.written()).to.have.length(50)
      await writeFile(file, HEAD + rows(0, 100))
      expect((await run(trial.job())).execution.status).to.equal('COMPLETED')
      expect(trial.written()).to.deep.equal(Array.from({ length: 100 }, (_, id) => id))
    })

    it('take a file that has grown, with what was appended', async () => {
      await appendFile(file, rows(100, 120))
      expect((await run(trial.job())).execution.status).to.equal('COMPLETED')
      expect(trial.written()).to.deep.equal(Array.from({ length: 120 }, (_, id) => id))
    })

    it('go on in a replaced file where that is accepted', async () => {
      await writeFile(file, HEAD + rows(0, 100).replace('7,name 7', '7,NAME 7'))
      const { execution } = await run(trial.job(), { acceptChanges: true })
      expect(execution.status).to.equal('COMPLETED')
      expect(trial.written()).to.deep.equal(Array.from({ length: 100 }, (_, id) => id))
    })

    it('refuse a changed definition before anything is recorded, and take it when the change is declared', async () => {
      const { load } = trial.job().steps
      const steps = (): Steps => ({ load: load as Steps[string] })
      const error = await refusalOf(trial.job({ steps }))
      expect(error.code).to.equal('JOB_DEFINITION_CHANGED')
      expect(error.details['changes']).to.deep.equal(['step verify was removed'])
      const { execution } = await run(trial.job({ steps, acceptedChanges: ['step verify was removed'] }))
      expect(execution.status).to.equal('COMPLETED')
      expect(trial.tasklets).to.deep.equal([])
    })

    it('take a changed definition once where the operator says so', async () => {
      const { load } = trial.job().steps
      const job = trial.job({ steps: () => ({ load: load as Steps[string] }) })
      expect((await run(job, { acceptChanges: true })).execution.status).to.equal('COMPLETED')
    })

    it('take what was repaired, and what was added behind what has begun', async () => {
      const repaired = trial.job({
        steps: (step): Steps => ({
          load: { ...(trial.job().steps['load'] as Steps[string]), options: { size: 7 } } as Steps[string],
          mend: step.tasklet(() => void trial.tasklets.push('mend')),
          verify: step.tasklet(() => void trial.tasklets.push('verify')),
        }),
      })
      expect((await run(repaired)).execution.status).to.equal('COMPLETED')
      expect(trial.tasklets).to.deep.equal(['mend', 'verify'])
      expect(trial.written()).to.deep.equal(Array.from({ length: 100 }, (_, id) => id))
    })
  })
}
