import { expect } from 'chai'
import { EntitySchema, DataSource } from 'typeorm'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { StepSession } from '../../../src/core/ports/step-session.ts'
import { entityManager, pgClient } from '../../../src/postgres/resources.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { commit, startedStep } from './running-job.ts'

interface Trade {
  readonly id: number
  readonly isin: string
}

describe("TypeORM in a chunk's transaction", () => {
  const TradeEntity = new EntitySchema<Trade>({
    name: 'Trade',
    tableName: 'trade',
    columns: { id: { type: 'integer', primary: true }, isin: { type: 'text' } },
  })
  let database: TestDatabase
  let dataSource: DataSource
  let repository: JobRepository
  let step: StepSession

  before(async () => {
    database = await testDatabase()
    const { host, port, user, database: name } = database.connection as Record<string, string>
    dataSource = new DataSource({
      type: 'postgres',
      host: host as string,
      port: Number(port),
      username: user as string,
      database: name as string,
      schema: database.schema,
      entities: [TradeEntity],
      installExtensions: false,
    })
    await dataSource.initialize()
    await dataSource.query(`create table ${database.schema}.trade (id integer primary key, isin text)`)
    repository = await postgresRepository({ connection: { dataSource }, schema: database.schema })
    step = (await startedStep(repository)).step
  })

  after(async () => {
    await step.close()
    await repository.close()
    expect(dataSource.isInitialized, 'a given data source is never closed').to.equal(true)
    await dataSource.destroy()
    await database.close()
  })

  beforeEach(() => dataSource.query(`delete from ${database.schema}.trade`))

  const saved = async (): Promise<readonly number[]> =>
    (await dataSource.getRepository(TradeEntity).find({ order: { id: 'ASC' } })).map(({ id }) => id)

  it('saves entities of a given data source together with the progress', async () => {
    await commit(step, 1, async (transaction) => {
      const manager = entityManager(transaction)
      await manager.save(TradeEntity, { id: 1, isin: 'a' })
      await manager.getRepository(TradeEntity).save([{ id: 2, isin: 'b' }])
      expect(await saved(), 'not seen outside yet').to.deep.equal([])
      await pgClient(transaction).query(`insert into ${database.schema}.trade values (3, 'c')`)
    })
    expect(await saved()).to.deep.equal([1, 2, 3])
  })

  it('makes savepoints of its transactions, and never ends ours', async () => {
    await commit(step, 1, async (transaction) => {
      const manager = entityManager(transaction)
      await manager.transaction((inner) => inner.save(TradeEntity, { id: 1, isin: 'a' }))
      const failing = manager.transaction(async (inner) => {
        await inner.save(TradeEntity, { id: 2, isin: 'b' })
        throw new Error('undo')
      })
      expect(await failing.catch((error: Error) => error.message)).to.equal('undo')
      expect(await saved()).to.deep.equal([])
    })
    expect(await saved()).to.deep.equal([1])
  })

  it('is rolled back with the chunk, and refused when that is over', async () => {
    let kept: ReturnType<typeof entityManager> | undefined
    const failing = commit(step, 1, async (transaction) => {
      kept = entityManager(transaction)
      await kept.save(TradeEntity, { id: 1, isin: 'a' })
      throw new Error('the work fails')
    })
    expect(await failing.catch((error: Error) => error.message)).to.equal('the work fails')
    const late = kept?.save(TradeEntity, { id: 2, isin: 'b' })
    expect(await late?.catch((error: Error) => error.message)).to.contain('the transaction is over')
    expect(await saved()).to.deep.equal([])
  })
})
