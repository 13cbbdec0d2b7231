/** Chunk steps whose rows Postgres refuses, or whose transactions it breaks: real constraints, real locks, real losses. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createBatch } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import type { ItemWriter, Transaction } from 'batchwright/ports'
import { iterableReader } from 'batchwright/readers/iterable'
import { postgresRepository } from 'batchwright/repository/postgres'
import { postgresWriter } from 'batchwright/writers/postgres'
import { expect } from 'chai'
import pg from 'pg'
import { pino } from 'pino'
import type { ChunkOptions } from '../../src/core/definition/step-definition.ts'
import type { StepExecution } from '../../src/core/model/step-execution.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { jobOf } from '../core/run-job.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'

interface Row {
  readonly id: number
  readonly code: string | null
}

interface Ended {
  readonly status: string
  readonly error: Error
  readonly step: StepExecution
}

const row = (id: number, code: string | null = `code ${id}`): Row => ({ id, code })
const rowsTo = (count: number): Row[] => Array.from({ length: count }, (_, id) => row(id))

describe('Rows that Postgres refuses', () => {
  let database: TestDatabase
  let repository: JobRepository
  let table: string
  let jobs = 0
  let losses = 0

  before(async () => {
    database = await testDatabase()
    repository = await postgresRepository({ connection: database.connection, schema: database.schema })
    table = `${database.schema}.target`
  })

  after(async () => {
    await repository.close()
    await database.close()
  })

  beforeEach(() => {
    losses = 0
    return database.pool.query(`drop table if exists ${table}`)
  })

  const create = (columns: string): Promise<unknown> =>
    database.pool.query(`create table ${table} (${columns})`)

  const copy = (): ItemWriter<Row> => postgresWriter<Row>({ table, columns: ['id', 'code'] })

  async function load(
    rows: readonly Row[],
    options: Partial<ChunkOptions<unknown>> = {},
    writer: ItemWriter<Row> = copy(),
  ): Promise<Ended> {
    jobs += 1
    const reader = iterableReader(() => rows)
    const all = { size: 1000, skip: { on: Error, limit: 1_000 }, ...options }
    const job = jobOf((step) => ({ load: step.chunk(all, { reader, writer }) }), { name: `bad-rows-${jobs}` })
    const batch = createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
    const { execution, error } = await (await batch.operator.start(job, {})).ended
    const [step] = execution.stepExecutions
    if (step === undefined) throw error
    return { status: execution.status, error: error as Error, step }
  }

  async function ids(): Promise<readonly number[]> {
    const { rows } = await database.pool.query<{ id: number }>(`select id from ${table} order by id`)
    return rows.map(({ id }) => id)
  }

  async function quarantined(step: StepExecution): Promise<readonly string[]> {
    const entries = await repository.quarantine.list({
      jobExecutionId: step.jobExecutionId,
      which: 'all',
      limit: 1_000,
    })
    return entries
      .toReversed()
      .map(({ phase, position, error }) => `${phase} ${JSON.stringify(position)} ${error.type}`)
  }

  const CONSTRAINTS = {
    'a primary key': 'id integer primary key, code text',
    'a unique constraint that is checked at the commit':
      'id integer unique deferrable initially deferred, code text',
    'a unique constraint that may be deferred and is not': 'id integer unique deferrable, code text',
  }

  for (const [name, columns] of Object.entries(CONSTRAINTS)) {
    it(`cost themselves and no others: ${name}`, async () => {
      await create(columns)
      await database.pool.query(`insert into ${table} values (40, 'there before'), (977, 'there before')`)
      const rows = [...rowsTo(1000), row(500, 'the second 500')]
      const { status, step, error } = await load(rows)
      expect(status, String(error)).to.equal('COMPLETED')
      expect(step).to.include({
        readCount: 1001,
        writeCount: 998,
        writeSkipCount: 3,
        rollbackCount: 2,
        commitCount: 2,
      })
      expect(await ids()).to.deep.equal(rowsTo(1000).map(({ id }) => id))
      expect(await quarantined(step)).to.deep.equal([
        'write {"item":41} 23505',
        'write {"item":978} 23505',
        'write {"item":1001} 23505',
      ])
    })
  }

  it('are found among those of a COPY that refuse a value, a null and a check', async () => {
    await create('id integer check (id <> 7), code text not null')
    const rows = rowsTo(100).map((one) => (one.id === 50 ? row(50, null) : one))
    const { status, step } = await load([...rows, row(2 ** 40), row(200, 'a NUL \0')])
    expect(status).to.equal('COMPLETED')
    expect(step).to.include({ readCount: 102, writeCount: 98, writeSkipCount: 4 })
    expect((await quarantined(step)).map((line) => line.split(' ').at(-1))).to.deep.equal([
      '23514',
      '23502',
      '22003',
      'RangeError',
    ])
  })

  it('do not cost rows that need another behind them: a parent, or the other half of what is checked at the commit', async () => {
    interface Child extends Row {
      readonly parent: number | null
    }
    const child = (id: number): Child => ({
      ...row(id, id === 12 ? null : 'c'),
      parent: id < 8 ? id + 8 : id === 20 ? 99 : null,
    })
    const children = rowsTo(24).map(({ id }) => child(id))
    for (const deferral of ['', 'deferrable initially deferred']) {
      await database.pool.query(`drop table if exists ${table}`)
      await create(
        `id integer primary key, code text not null, parent integer references ${table} ${deferral}`,
      )
      const writer = postgresWriter<Child>({ table, columns: ['id', 'code', 'parent'] })
      const { step } = await load(children, {}, writer as ItemWriter<Row>)
      const good = children.filter(({ id }) => ![4, 12, 20].includes(id))
      expect(await ids()).to.deep.equal(good.map(({ id }) => id))
      expect(await quarantined(step)).to.deep.equal([
        'write {"item":5} 23503',
        'write {"item":13} 23502',
        'write {"item":21} 23503',
      ])
    }
  })

  it('are not blamed where the writer ends the transaction of its chunk', async () => {
    await create('id integer primary key, code text not null')
    const writer = around(throughClient(), async (rows, transaction) => {
      if (rows.length < 10) await pgClient(transaction).query('rollback')
      throw new Error('rolled back')
    })
    const { status, error, step } = await load(rowsTo(10), {}, writer)
    expect(status).to.equal('FAILED')
    expect(error.message).to.match(/^the work sent COMMIT or ROLLBACK in the transaction of its chunk/)
    expect(step).to.include({ writeCount: 0, writeSkipCount: 0, rollbackCount: 2 })
    expect(await ids()).to.deep.equal([])
  })

  it('are not blamed for a repository that cannot record their chunk', async () => {
    await create('id integer primary key, code text')
    const steps = `${database.schema}.batch_step_execution`
    await database.pool.query(`alter table ${steps} add constraint broken check (write_count <> 3) not valid`)
    const { status, step } = await load(rowsTo(5), { size: 1 })
    await database.pool.query(`alter table ${steps} drop constraint broken`)
    expect(status).to.equal('FAILED')
    expect(step).to.include({ writeCount: 2, writeSkipCount: 0 })
    expect(await ids()).to.deep.equal([0, 1])
  })

  it('are found for an upsert and for an author who writes through the client', async () => {
    const upsert = postgresWriter<Row>({
      table,
      columns: ['id', 'code'],
      onConflict: { keys: ['id'], update: 'all' },
    })
    for (const writer of [upsert, throughClient()]) {
      await database.pool.query(`drop table if exists ${table}`)
      await create('id integer primary key, code text not null')
      const rows = rowsTo(300).map((one) => (one.id % 100 === 99 ? row(one.id, null) : one))
      const { step } = await load(rows, { size: 100 }, writer)
      expect(step).to.include({ writeCount: 297, writeSkipCount: 3, rollbackCount: 3, commitCount: 3 })
      expect(await ids()).to.have.length(297)
    }
  })

  it('fail the step past the limit, and nothing of their chunk is kept, nor in the quarantine', async () => {
    await create('id integer check (id < 8), code text')
    const { status, error, step } = await load(rowsTo(12), { size: 4, skip: { on: Error, limit: 2 } })
    expect(status).to.equal('FAILED')
    expect(error.message).to.contain('skip limit of 2').and.to.contain('3 of 12 records')
    expect(await ids()).to.deep.equal(rowsTo(8).map(({ id }) => id))
    expect(await quarantined(step)).to.deep.equal([])
  })

  it('are no reason to fail for a transaction that the work before them has poisoned', async () => {
    await create('id integer primary key, code text')
    let calls = 0
    const writer = around(throughClient(), async (_, transaction) => {
      calls += 1
      if (calls < 3) await pgClient(transaction).query('select 1/0')
    })
    const { status, step } = await load(
      rowsTo(10),
      { skip: { on: Error, limit: 0 }, retry: { on: isDivision, attempts: 3 } },
      writer,
    )
    expect(status).to.equal('COMPLETED')
    expect(step).to.include({ writeCount: 10, rollbackCount: 1 })
    expect(calls).to.equal(3)
  })

  it('are not blamed for a deadlock: the chunk is rolled back and written again', async () => {
    await create('id integer primary key, code text')
    await database.pool.query(`create table if not exists ${table}_lock (id integer primary key)`)
    await database.pool.query(`insert into ${table}_lock values (1), (2)`)
    const other = await database.pool.connect()
    try {
      await other.query("begin; set local deadlock_timeout = '60s'")
      await other.query(`select from ${table}_lock where id = 2 for update`)
      let calls = 0
      let reverse: Promise<unknown> = Promise.resolve()
      const writer = around(throughClient(), async (_, transaction) => {
        const client = pgClient(transaction)
        calls += 1
        await client.query(`select from ${table}_lock where id = 1 for update`)
        if (calls > 1) return
        const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
        const blocked = client.query(`select from ${table}_lock where id = 2 for update`)
        blocked.catch(() => {})
        await untilWaiting(database.pool, rows[0]?.pid)
        reverse = other
          .query(`select from ${table}_lock where id = 1 for update`)
          .then(() => other.query('commit'))
        await blocked
      })
      const { status, step, error } = await load(rowsTo(10), {}, writer)
      await reverse
      expect(status, String(error)).to.equal('COMPLETED')
      expect(step).to.include({ writeCount: 10, writeSkipCount: 0, rollbackCount: 1 })
      expect(calls).to.equal(2)
      expect(await ids()).to.have.length(10)
    } finally {
      other.release(true)
      await database.pool.query(`drop table ${table}_lock`)
    }
  }).timeout(20_000)

  it('are not blamed for a serialization failure, in a statement or at the commit', async () => {
    for (const where of ['statement', 'commit']) {
      await database.pool.query(`drop table if exists ${table}, ${table}_sum`)
      await create('id integer primary key, code text')
      await database.pool.query(`create table ${table}_sum (name text, value integer)`)
      await database.pool.query(`insert into ${table}_sum values ('a', 0), ('b', 0)`)
      let calls = 0
      const writer = around(throughClient(), async (_, transaction) => {
        const client = pgClient(transaction)
        calls += 1
        await client.query('set transaction isolation level serializable')
        await client.query(`select sum(value) from ${table}_sum`)
        if (calls === 1) await concurrently(where === 'statement' ? "name = 'a'" : "name = 'b'")
        await client.query(`update ${table}_sum set value = value + 1 where name = 'a'`)
      })
      const { status, step, error } = await load(rowsTo(10), {}, writer)
      expect(status, String(error)).to.equal('COMPLETED')
      expect(step).to.include({ writeCount: 10, rollbackCount: 1 })
      expect(calls).to.equal(2)
    }
    await database.pool.query(`drop table ${table}_sum`)
  })

  it('are not lost with the connection: what the processors made is written again over another one', async () => {
    await create('id integer, code text')
    let calls = 0
    const writer = around(copy(), async (rows) => {
      calls += 1
      if (rows[0]?.id === 50 && calls < 5) await endStepBackends()
    })
    const { status, step, error } = await load(
      rowsTo(100),
      { size: 50, retry: { attempts: 9, backoff: { kind: 'fixed', delayMilliseconds: 1 } } },
      writer,
    )
    expect(status, String(error)).to.equal('COMPLETED')
    expect(step).to.include({ writeCount: 100, commitCount: 2 })
    expect(losses).to.equal(3)
    expect(step).to.include({ writeSkipCount: 0, rollbackCount: 3 })
    expect(await ids()).to.deep.equal(rowsTo(100).map(({ id }) => id))
  }).timeout(20_000)

  it('are found once when the connection is lost in the middle of the search', async () => {
    await create('id integer check (id not in (3, 60, 99)), code text')
    let parts = 0
    const writer = around(throughClient(), async () => {
      parts += 1
      if (parts === 9) await endStepBackends()
    })
    const { status, step, error } = await load(rowsTo(100), {}, writer)
    expect(status, String(error)).to.equal('COMPLETED')
    expect(step).to.include({ writeCount: 97, writeSkipCount: 3, rollbackCount: 2, commitCount: 1 })
    expect(losses).to.equal(1)
    expect(await ids()).to.have.length(97)
    expect(await quarantined(step)).to.have.length(3)
  }).timeout(20_000)

  it('take about 2·log₂ n tries where nothing says which they are', async () => {
    await create('id integer check (id <> 777), code text')
    let tries = 0
    const writer = around(throughClient(), async () => void (tries += 1))
    const { step } = await load(rowsTo(1000), {}, writer)
    expect(step).to.include({ writeCount: 999, writeSkipCount: 1 })
    expect(tries).to.be.at.most(22)
  })

  it('take a handful of tries where COPY names the line', async () => {
    await create('id integer check (id <> 777), code text')
    let tries = 0
    const { step } = await load(
      rowsTo(1000),
      {},
      around(copy(), async () => void (tries += 1)),
    )
    expect(step).to.include({ writeCount: 999, writeSkipCount: 1 })
    expect(tries).to.be.at.most(5)
  })

  function throughClient(): ItemWriter<Row> {
    return {
      kind: 'sql',
      description: 'rows by hand',
      guarantee: 'transactional',
      open: async () => ({
        write: async (rows, transaction) => {
          const values = rows.map((_, index) => `($${index * 2 + 1}::bigint, $${index * 2 + 2})`).join(', ')
          const parameters = rows.flatMap(({ id, code }) => [id, code])
          await pgClient(transaction).query(`insert into ${table} values ${values}`, parameters)
        },
        close: async () => {},
      }),
    }
  }

  async function concurrently(where: string): Promise<void> {
    const other = await database.pool.connect()
    try {
      await other.query('begin isolation level serializable')
      await other.query(`select sum(value) from ${table}_sum`)
      await other.query(`update ${table}_sum set value = value + 1 where ${where}`)
      await other.query('commit')
    } finally {
      other.release()
    }
  }

  /** Of the steps that are under way in this schema. */
  async function endStepBackends(): Promise<void> {
    const { rowCount } = await database.pool.query(
      `select pg_terminate_backend(backend_pid, 5000) from ${database.schema}.batch_step_execution_backend b
        join ${database.schema}.batch_step_execution s using (step_execution_id) where s.status = 'STARTED'`,
    )
    losses += rowCount ?? 0
  }
})

const isDivision = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '22012'

/** Does something before each write, in its transaction. Not pipelined: it may wait. */
function around(
  writer: ItemWriter<Row>,
  before: (rows: readonly Row[], transaction: Transaction) => Promise<void>,
): ItemWriter<Row> {
  return {
    ...writer,
    open: async (scope) => {
      const sink = await writer.open(scope)
      return {
        write: async (rows, transaction) => {
          await before(rows, transaction)
          await sink.write(rows, transaction)
        },
        close: sink.close,
      }
    },
  }
}

async function untilWaiting(pool: pg.Pool, pid: number | undefined): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ waits: boolean }>(
      "select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = $1",
      [pid],
    )
    if (rows[0]?.waits === true) return
    await sleep(5)
  }
}
