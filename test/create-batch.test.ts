import { expect } from 'chai'
import { isBatchError } from '../src/core/model/batch-error.ts'
import { type Batch, createBatch } from '../src/create-batch.ts'
import { memoryRepository } from '../src/repository/memory/memory-repository.ts'
import { postgresRepository } from '../src/repository/postgres/index.ts'
import { jobOf } from './core/run-job.ts'
import { type TestDatabase, testDatabase } from './embedded-postgres.ts'

const job = jobOf((step) => ({ nothing: step.tasklet(() => undefined) }))

describe('The lease of a batch', () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
  })
  after(() => database.close())

  const repositoryFor = (leaseMilliseconds?: number) =>
    postgresRepository({
      connection: database.connection,
      schema: database.schema,
      ...(leaseMilliseconds !== undefined && { leaseMilliseconds }),
    })

  async function leaseOf(batch: Batch): Promise<number> {
    let lease = 0
    const { repository } = batch
    const watching = createBatch({
      repository: {
        ...repository,
        launch: (request) => {
          lease = request.leaseMilliseconds
          return repository.launch(request)
        },
      },
      jobs: [job],
    })
    await (
      await watching.operator.start(job, {})
    ).ended
    return lease
  }

  it("is the repository's, for which its sessions are made, where none is given", async () => {
    await using batch = createBatch({ repository: await repositoryFor(12_000), jobs: [job] })
    expect(await leaseOf(batch)).to.equal(12_000)
    const inMemory = createBatch({ repository: memoryRepository(), jobs: [job] })
    expect(await leaseOf(inMemory)).to.equal(30_000)
  })

  it("may be longer than the repository's, and a shorter one is refused with both and the remedy", async () => {
    for (const [ofRepository, shown] of [
      [12_000, 12_000],
      [undefined, 30_000],
    ] as const) {
      const repository = await repositoryFor(ofRepository)
      createBatch({ repository, jobs: [job], leaseMilliseconds: 40_000 })
      let refusal: unknown
      try {
        createBatch({ repository, jobs: [job], leaseMilliseconds: 5_000 })
      } catch (error) {
        refusal = error
      }
      await repository.close()
      expect(isBatchError(refusal, 'INVALID_CONFIGURATION'), String(refusal)).to.equal(true)
      expect((refusal as Error).message).to.match(
        new RegExp(`is 5000, but the sessions .* lease of ${shown}: .* Give the repository the same`),
      )
    }
  })
})
