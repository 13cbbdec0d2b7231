import { expect } from 'chai'
import pg from 'pg'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { StepSession } from '../../../src/core/ports/step-session.ts'
import type { Transaction } from '../../../src/core/ports/resource.ts'
import { copyIn } from '../../../src/postgres/copy-in.ts'
import {
  entityManager,
  ENTITY_MANAGER,
  PG_CLIENT,
  PG_POOL,
  pgClient,
} from '../../../src/postgres/resources.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { commit, startedStep } from './running-job.ts'

interface Trade {
  readonly id: number
  readonly isin: string
}

describe("A chunk's transaction in Postgres", () => {
  let database: TestDatabase
  let repository: JobRepository
  let step: StepSession

  before(async () => {
    database = await testDatabase()
    repository = await postgresRepository({ connection: database.connection, schema: database.schema })
    await database.pool.query(
      `create table ${database.schema}.trade (id integer primary key deferrable initially deferred, isin text)`,
    )
  })

  after(async () => {
    await repository.close()
    await database.close()
  })

  beforeEach(async () => {
    await database.pool.query(`delete from ${database.schema}.trade`)
    step = (await startedStep(repository)).step
  })

  afterEach(() => step.close())

  const insert = (transaction: Transaction, id: number): Promise<pg.QueryResult> =>
    pgClient(transaction).query(`insert into ${database.schema}.trade values ($1, 'x')`, [id])

  async function ids(): Promise<readonly number[]> {
    const { rows } = await database.pool.query<Trade>(`select id from ${database.schema}.trade order by id`)
    return rows.map(({ id }) => id)
  }

  async function recorded(): Promise<number> {
    const { rows } = await database.pool.query<{ count: string }>(
      `select read_count as count from ${database.schema}.batch_step_execution where step_execution_id = $1`,
      [step.stepExecution.id],
    )
    return Number(rows[0]?.count)
  }

  async function messageOf(action: Promise<unknown>): Promise<string> {
    return action.then(
      () => 'no error',
      (error: Error) => error.message,
    )
  }

  for (const pipelined of [false, true]) {
    const name = pipelined ? 'in one flush' : 'statement by statement'

    it(`commits rows and progress together, ${name}`, async () => {
      await commit(step, 1, (transaction) => insert(transaction, 1), pipelined)
      await commit(
        step,
        2,
        (transaction) => Promise.all([insert(transaction, 2), insert(transaction, 3)]),
        pipelined,
      )
      expect(await ids()).to.deep.equal([1, 2, 3])
      expect(await recorded()).to.equal(2)
    })

    it(`commits neither when a statement fails, ${name}, and goes on`, async () => {
      const failing = commit(
        step,
        9,
        (transaction) =>
          Promise.all([insert(transaction, 4), pgClient(transaction).query('select no_such_column')]),
        pipelined,
      )
      expect(await messageOf(failing)).to.contain('no_such_column')
      expect(await ids()).to.deep.equal([])
      expect(await recorded()).to.equal(0)
      await commit(step, 1, (transaction) => insert(transaction, 5), pipelined)
      expect(await ids()).to.deep.equal([5])
    })

    it(`copies rows, ${name}, and survives rows that Postgres refuses`, async () => {
      const copy = (transaction: Transaction, text: string): Promise<number> =>
        copyIn(pgClient(transaction), `copy ${database.schema}.trade from stdin`, [Buffer.from(text)])
      await commit(step, 1, (transaction) => copy(transaction, '1\tone\n2\ttwo\n'), pipelined)
      const lines = Array.from({ length: 20_000 }, (_, index) => `${index + 10}\tx\n`).join('')
      const refused = commit(
        step,
        2,
        (transaction) => copy(transaction, `3\tthree\nfour\t4\n${lines}`),
        pipelined,
      )
      expect(await messageOf(refused)).to.match(/invalid input syntax for type integer: "four"/)
      const unknown = commit(
        step,
        2,
        (transaction) => copyIn(pgClient(transaction), 'copy no_such_table from stdin', [Buffer.from(lines)]),
        pipelined,
      )
      expect(await messageOf(unknown)).to.contain('no_such_table')
      await commit(step, 3, (transaction) => copy(transaction, lines), pipelined)
      expect((await ids()).length).to.equal(20_002)
      expect(await recorded()).to.equal(3)
    })

    it(`rolls back when a deferred constraint fails at the COMMIT, ${name}`, async () => {
      const twice = commit(
        step,
        1,
        (transaction) => Promise.all([insert(transaction, 1), insert(transaction, 1)]),
        pipelined,
      )
      expect(await messageOf(twice)).to.match(/duplicate key/)
      expect(await ids()).to.deep.equal([])
      expect(await recorded()).to.equal(0)
      await commit(step, 1, (transaction) => insert(transaction, 1), pipelined)
    })

    it(`is over with its commit: what comes late is refused and not committed by itself, ${name}`, async () => {
      let late: Promise<unknown> = Promise.resolve()
      const failing = commit(
        step,
        1,
        (transaction) => {
          const client = pgClient(transaction)
          late = new Promise((resolve) => setTimeout(resolve, 30)).then(() =>
            client.query(`insert into ${database.schema}.trade values (7, 'late')`),
          )
          return client.query('select no_such_column')
        },
        pipelined,
      )
      expect(await messageOf(failing)).to.contain('no_such_column')
      expect(await messageOf(late)).to.match(/transaction is (over|already on its way)/)
      expect(await ids()).to.deep.equal([])
    })
  }

  it('sends one statement after the other, however many a work sends at once', async () => {
    let overlapping = 0
    const { query } = pg.Client.prototype as unknown as { readonly query: (...call: unknown[]) => unknown }
    const watched = function (this: pg.Client & { readonly readyForQuery: boolean }, ...call: unknown[]) {
      if (!this.readyForQuery) overlapping += 1
      return Reflect.apply(query, this, call) as unknown
    }
    Object.assign(pg.Client.prototype, { query: watched })
    try {
      await commit(step, 1, async (transaction) => {
        const called = new Promise((resolve, reject) => {
          const insertion = `insert into ${database.schema}.trade values (3, 'x')`
          pgClient(transaction).query(insertion, (error: Error | null) =>
            error ? reject(error) : resolve(null),
          )
        })
        await Promise.all([insert(transaction, 1), insert(transaction, 2), called, insert(transaction, 4)])
      })
    } finally {
      Object.assign(pg.Client.prototype, { query })
    }
    expect(overlapping).to.equal(0)
    expect(await ids()).to.deep.equal([1, 2, 3, 4])
  })

  it('sends nothing more of a work that has failed', async () => {
    const late: Promise<string>[] = []
    const failing = commit(step, 9, (transaction) => {
      const client = pgClient(transaction)
      const failed = client.query('select no_such_column')
      const cursor = new pg.Query('select 1', () => {})
      client.query(cursor)
      late.push(messageOf(insert(transaction, 8)), messageOf(insert(transaction, 9)))
      return failed
    })
    expect(await messageOf(failing)).to.contain('no_such_column')
    expect(await Promise.all(late)).to.include(
      'the transaction is over: its pg client cannot be used any more',
    )
    expect(await ids()).to.deep.equal([])
    await commit(step, 1, (transaction) => insert(transaction, 5))
    expect(await ids()).to.deep.equal([5])
  })

  it('begins nothing for a work that does not ask for the connection', async () => {
    await commit(step, 1, async () => {})
    expect(await recorded()).to.equal(1)
  })

  it('says so when the work ended the transaction, or swallowed the error that broke it', async () => {
    const ended = commit(step, 1, async (transaction) => {
      await insert(transaction, 1)
      await pgClient(transaction).query('commit')
    })
    expect(await messageOf(ended)).to.contain('leave the transaction to the job repository')
    const swallowed = commit(step, 1, async (transaction) => {
      await pgClient(transaction)
        .query('select 1 / 0')
        .catch(() => undefined)
    })
    expect(await messageOf(swallowed)).to.contain('its error was not passed on')
    expect(await recorded()).to.equal(0)
  })

  it('lets savepoints undo a part', async () => {
    await commit(step, 1, async (transaction) => {
      const client = pgClient(transaction)
      await insert(transaction, 1)
      await client.query('savepoint one')
      await client.query('select 1 / 0').catch(() => client.query('rollback to savepoint one'))
      await insert(transaction, 2)
    })
    expect(await ids()).to.deep.equal([1, 2])
  })

  it('refuses a pipelined work that fails at once, having sent nothing', async () => {
    const failing = commit(
      step,
      1,
      async (transaction) => {
        void insert(transaction, 1).catch(() => undefined)
        throw new Error('cannot encode')
      },
      true,
    )
    expect(await messageOf(failing)).to.equal('cannot encode')
    expect(await ids()).to.deep.equal([])
    expect(await recorded()).to.equal(0)
  })

  it('refuses cursors and the entity manager in one flush', async () => {
    const cursor = commit(
      step,
      1,
      async (transaction) => {
        pgClient(transaction).query({ submit: () => undefined } as unknown as pg.Query)
      },
      true,
    )
    expect(await messageOf(cursor)).to.contain('pg.Query')
    const manager = await commit(step, 1, async (transaction) => entityManager(transaction), true).catch(
      (error: unknown) => error,
    )
    expect(isBatchError(manager, 'TRANSACTION_RESOURCE_MISSING')).to.equal(true)
  })

  it('keeps what a pipelined writer has committed before it failed', async () => {
    const failing = commit(
      step,
      5,
      async (transaction) => {
        await insert(transaction, 1)
        await new Promise((resolve) => setTimeout(resolve, 20))
        throw new Error('found too late')
      },
      true,
    )
    const error = await failing.catch((thrown: unknown) => thrown)
    if (!isBatchError(error, 'WRITE_FAILED')) throw new Error('not told', { cause: error })
    expect(error.message).to.contain('committed already')
    expect(error.details['outcome']).to.equal('committed')
    expect((error.cause as Error).message).to.equal('found too late')
    expect(await ids()).to.deep.equal([1])
    await step.end({
      status: 'FAILED',
      exitStatus: { exitCode: 'FAILED', exitDescription: '' },
      counts: { ...step.stepExecution, readCount: 0 },
      executionContext: { at: 0 },
      jobExecutionContext: {},
    })
    expect(await recorded()).to.equal(5)
  })

  it('uses prepared statements of the author, also again after a failure', async () => {
    const named = (transaction: Transaction, id: unknown): Promise<unknown> =>
      pgClient(transaction).query({
        name: 'named-insert',
        text: `insert into ${database.schema}.trade values ($1::integer, 'x')`,
        values: [id],
      })
    for (const pipelined of [true, false]) {
      await messageOf(
        commit(
          step,
          1,
          (transaction) => Promise.all([named(transaction, 'no'), named(transaction, 2)]),
          pipelined,
        ),
      )
      await commit(
        step,
        1,
        (transaction) => Promise.all([named(transaction, 3), named(transaction, 4)]),
        pipelined,
      )
      expect(await ids()).to.deep.equal([3, 4])
      await database.pool.query(`delete from ${database.schema}.trade`)
    }
  })

  it('survives values that pg cannot send', async () => {
    const poisonous = {
      toPostgres: () => {
        throw new Error('not for Postgres')
      },
    }
    for (const pipelined of [true, false]) {
      const failing = commit(
        step,
        1,
        (transaction) =>
          Promise.all([insert(transaction, 1), pgClient(transaction).query('select $1', [poisonous])]),
        pipelined,
      )
      expect(await messageOf(failing)).to.equal('not for Postgres')
      expect(await ids()).to.deep.equal([])
    }
    await commit(step, 1, (transaction) => insert(transaction, 1), true)
  })

  it('lends a pool outside transactions', async () => {
    const pool = repository.resources.find(PG_POOL)
    expect((await pool?.query('select 1 as one'))?.rows).to.deep.equal([{ one: 1 }])
    expect(repository.transactionHas(PG_CLIENT) && repository.transactionHas(ENTITY_MANAGER)).to.equal(true)
  })
})
