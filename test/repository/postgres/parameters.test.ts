import { expect } from 'chai'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { JobParameter } from '../../../src/core/model/job-parameters.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { LaunchRequest } from '../../../src/core/ports/launch.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { DEFINITION, FACTS, OWNER } from './running-job.ts'

describe('What the columns of Spring cannot hold', () => {
  let database: TestDatabase
  let repository: JobRepository

  before(async () => {
    database = await testDatabase()
    repository = await postgresRepository({ connection: database.connection, schema: database.schema })
  })

  after(async () => {
    await repository.close()
    await database.close()
  })

  const launch = (request: Partial<LaunchRequest>) =>
    repository.launch({
      jobName: 'job',
      jobKey: `${Math.random()}`,
      parameters: [],
      owner: OWNER,
      leaseMilliseconds: 30_000,
      by: 'a test',
      definition: DEFINITION,
      facts: FACTS,
      decide: () => ({ action: 'start' }),
      ...request,
    })

  const parameter: JobParameter = { name: 'file', type: 'java.lang.String', text: 'a.csv', identifying: true }
  const refused: readonly (readonly [string, Partial<JobParameter>, RegExp])[] = [
    ['a type that Spring does not know', { type: 'string' }, /'file' has type 'string'/],
    ['a name that is too long', { name: 'n'.repeat(101) }, /101 characters; at most 100/],
    ['a text that is too long', { text: '𝄞'.repeat(2501) }, /'file' has 2501 characters; at most 2500/],
    ['a NUL', { text: 'a\u0000b' }, /'file' holds a NUL/],
  ]
  for (const [name, change, message] of refused) {
    it(`is refused before anything is written: ${name}`, async () => {
      const error = await launch({ parameters: [{ ...parameter, ...change }] }).catch(
        (thrown: unknown) => thrown,
      )
      expect(isBatchError(error, 'INVALID_JOB_PARAMETERS')).to.equal(true)
      expect((error as Error).message).to.match(message)
      expect(await repository.listJobInstances({ limit: 1 })).to.deep.equal([])
    })
  }

  it('is refused for names of jobs and steps, and cut for descriptions', async () => {
    const long = await launch({ jobName: 'j'.repeat(101) }).catch((thrown: unknown) => thrown)
    expect(isBatchError(long, 'INVALID_JOB_DEFINITION')).to.equal(true)
    const { claim } = await launch({ parameters: [{ ...parameter, text: '𝄞'.repeat(2500) }] })
    const step = await repository
      .beginStep(claim, { stepName: 's'.repeat(101), executionContext: {} })
      .catch((thrown: unknown) => thrown)
    expect(isBatchError(step, 'INVALID_JOB_DEFINITION')).to.equal(true)
    await repository.endJobExecution(claim, {
      status: 'FAILED',
      exitStatus: { exitCode: 'FAILED', exitDescription: `${'x'.repeat(3000)}\u0000` },
      executionContext: {},
    })
    const found = await repository.findJobExecution(claim.jobExecutionId)
    expect(found?.exitStatus.exitDescription.length).to.equal(2500)
    expect(found?.jobParameters[0]?.text).to.equal('𝄞'.repeat(2500))
  })
})
