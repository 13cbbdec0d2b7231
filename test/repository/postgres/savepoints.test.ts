import { expect } from 'chai'
import type pg from 'pg'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { StepSession } from '../../../src/core/ports/step-session.ts'
import type { Transaction } from '../../../src/core/ports/resource.ts'
import { entityManager, pgClient } from '../../../src/postgres/resources.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { commit, startedStep } from './running-job.ts'

describe("A savepoint of a chunk's transaction in Postgres", () => {
  let database: TestDatabase
  let repository: JobRepository
  let step: StepSession

  before(async () => {
    database = await testDatabase()
    repository = await postgresRepository({ connection: database.connection, schema: database.schema })
    await database.pool.query(`create table ${database.schema}.account (
        id integer unique deferrable initially deferred,
        code text unique deferrable initially immediate,
        key integer unique,
        parent integer references ${database.schema}.account (key) deferrable initially deferred
      )`)
  })

  after(async () => {
    await repository.close()
    await database.close()
  })

  beforeEach(async () => {
    await database.pool.query(`delete from ${database.schema}.account`)
    step = (await startedStep(repository)).step
  })

  afterEach(() => step.close())

  const insert = (
    transaction: Transaction,
    id: number,
    code?: string,
    parent?: number,
  ): Promise<pg.QueryResult> =>
    pgClient(transaction).query(`insert into ${database.schema}.account values ($1, $2, $4, $3)`, [
      id,
      code,
      parent,
      parent === undefined ? null : id,
    ])

  async function ids(): Promise<readonly number[]> {
    const { rows } = await database.pool.query<{ id: number }>(
      `select id from ${database.schema}.account order by id`,
    )
    return rows.map(({ id }) => id)
  }

  const errorOf = (action: Promise<unknown>): Promise<Error | undefined> =>
    action.then(
      () => undefined,
      (error: Error) => error,
    )

  it('undoes what fails in it, and the transaction goes on', async () => {
    await commit(step, 1, async (transaction) => {
      await insert(transaction, 1)
      const error = await errorOf(
        transaction.savepoint(async () => {
          await insert(transaction, 2)
          await pgClient(transaction).query('select 1/0')
        }),
      )
      expect(error?.message).to.equal('division by zero')
      await transaction.savepoint(() => insert(transaction, 3))
    })
    expect(await ids()).to.deep.equal([1, 3])
  })

  it('finds at its end what is deferred to the commit, and whose rows it is about', async () => {
    await commit(step, 1, async (transaction) => {
      await transaction.savepoint(() => insert(transaction, 1))
      const error = await errorOf(transaction.savepoint(() => insert(transaction, 1)))
      expect((error as { code?: string } | undefined)?.code).to.equal('23505')
      await transaction.savepoint(() => insert(transaction, 2))
    })
    expect(await ids()).to.deep.equal([1, 2])
  })

  it('lets what is deferred be broken inside it, the second time too', async () => {
    await commit(step, 1, async (transaction) => {
      for (const [child, parent] of [
        [1, 2],
        [3, 4],
      ] as const)
        await transaction.savepoint(async () => {
          await insert(transaction, child, undefined, parent)
          await insert(transaction, parent, undefined, parent)
        })
    })
    expect(await ids()).to.deep.equal([1, 2, 3, 4])
  })

  it('checks what is checked at once by default within the savepoint that breaks it', async () => {
    await commit(step, 1, async (transaction) => {
      await transaction.savepoint(() => insert(transaction, 1, 'a'))
      const error = await errorOf(transaction.savepoint(() => insert(transaction, 2, 'a')))
      expect((error as { code?: string } | undefined)?.code).to.equal('23505')
      await transaction.savepoint(() => insert(transaction, 3, 'b'))
    })
    expect(await ids()).to.deep.equal([1, 3])
  })

  it('may stand inside another, and be undone with it', async () => {
    await commit(step, 1, async (transaction) => {
      await errorOf(
        transaction.savepoint(async () => {
          await transaction.savepoint(() => insert(transaction, 1))
          await errorOf(transaction.savepoint(() => insert(transaction, 1)))
          throw new Error('the outer one')
        }),
      )
      await transaction.savepoint(async () => {
        await insert(transaction, 2)
        await transaction.savepoint(() => insert(transaction, 3))
      })
    })
    expect(await ids()).to.deep.equal([2, 3])
  })

  it("holds what TypeORM's manager writes", async () => {
    await commit(step, 1, async (transaction) => {
      const manager = entityManager(transaction)
      await errorOf(
        transaction.savepoint(async () => {
          await manager.query(`insert into ${database.schema}.account (id) values (1)`)
          throw new Error('undone')
        }),
      )
      await transaction.savepoint(() =>
        manager.query(`insert into ${database.schema}.account (id) values (2)`),
      )
    })
    expect(await ids()).to.deep.equal([2])
  })

  it('says when an error was swallowed inside it', async () => {
    await commit(step, 1, async (transaction) => {
      const error = await errorOf(
        transaction.savepoint(async () => {
          await errorOf(pgClient(transaction).query('select 1/0'))
        }),
      )
      expect(error?.message).to.contain('its error was not passed on')
      await transaction.savepoint(() => insert(transaction, 1))
    })
    expect(await ids()).to.deep.equal([1])
  })

  it('is refused where the work is pipelined', async () => {
    const error = await errorOf(
      commit(step, 1, (transaction) => transaction.savepoint(() => insert(transaction, 1)), true),
    )
    expect(error?.message).to.contain('cannot use savepoints')
    expect(await ids()).to.deep.equal([])
  })

  it('says that nothing is committed when the connection is lost inside it, and the step can go on', async () => {
    let inside: Error | undefined
    const outside = await errorOf(
      commit(step, 1, async (transaction) => {
        await transaction.savepoint(() => insert(transaction, 1))
        inside = await errorOf(
          transaction.savepoint(async () => {
            const { rows } = await pgClient(transaction).query<{ pid: number }>(
              'select pg_backend_pid() as pid',
            )
            await database.pool.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid])
            await insert(transaction, 2)
          }),
        )
        throw inside ?? new Error('nothing was thrown')
      }),
    )
    for (const error of [inside, outside]) {
      expect(isBatchError(error, 'REPOSITORY_UNAVAILABLE'), String(error)).to.equal(true)
      expect((error as { details?: object } | undefined)?.details).to.include({
        outcome: 'nothing-committed',
      })
    }
    await commit(step, 1, (transaction) => transaction.savepoint(() => insert(transaction, 3)))
    expect(await ids()).to.deep.equal([3])
  })

  it('is final when the work ends the transaction: what it wrote stands, and must not be written again', async () => {
    const error = await errorOf(
      commit(step, 1, (transaction) =>
        transaction.savepoint(async () => {
          await insert(transaction, 1)
          await pgClient(transaction).query('commit')
        }),
      ),
    )
    expect(isBatchError(error, 'WRITE_FAILED') && error.details['outcome']).to.equal('unknown')
  })
})
