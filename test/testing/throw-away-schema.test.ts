import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { z } from 'zod'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { defineJob } from '../../src/index.ts'
import { PG_CLIENT, PG_POOL } from '../../src/postgres/resources.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { everyKillPoint, runJob, type ThrowAwaySchema, throwAwaySchema } from '../../src/testing/index.ts'
import { postgresWriter } from '../../src/writers/postgres.ts'
import { numbers } from '../core/items.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'

type Row = { readonly id: number }

describe('A throw-away schema', function () {
  this.timeout(120_000)
  let server: TestDatabase
  let schema: ThrowAwaySchema

  before(async () => {
    server = await testDatabase()
    schema = await throwAwaySchema({ connection: server.connection })
    await schema.pool.query('create table row (id int)')
  })

  after(async () => {
    await schema[Symbol.asyncDispose]()
    await server.close()
  })

  const load = (writer: ItemWriter<Row>) =>
    defineJob({
      name: 'load',
      parameters: z.object({ day: z.string() }),
      steps: (step) => ({
        load: step.chunk(
          { size: 10 },
          { reader: iterableReader(numbers(25)), processor: (id) => ({ id }), writer },
        ),
      }),
    })
  const rows = {
    parameters: { day: '2026-01-31' },
    output: async () => (await schema.pool.query('select id from row order by id')).rows,
    reset: () => schema.pool.query('truncate row'),
  }

  it('has the repository and the tables of its own, and is gone with them', async () => {
    let name: string
    {
      await using own = await throwAwaySchema({ connection: server.connection })
      name = own.schema
      await own.pool.query('create table row (id int)')
      const writer = postgresWriter<Row>({ table: 'row', columns: ['id'] })
      const { step } = await runJob(load(writer), { day: '2026-01-31' }, { repository: own.repository })
      expect(step('load').writeCount).to.equal(25)
      expect((await own.pool.query('select count(*)::int as rows from row')).rows).to.deep.equal([
        { rows: 25 },
      ])
      expect((await schema.pool.query('select count(*)::int as rows from row')).rows).to.deep.equal([
        { rows: 0 },
      ])
    }
    const left = await server.pool.query('select 1 from pg_namespace where nspname = $1', [name])
    expect(left.rows).to.deep.equal([])
  })

  it('is made and dropped by many at the same time', async () => {
    const schemas = await Promise.all(
      numbers(4).map(() => throwAwaySchema({ connection: server.connection })),
    )
    expect(new Set(schemas.map((one) => one.schema)).size).to.equal(4)
    await Promise.all(schemas.map((one) => one[Symbol.asyncDispose]()))
  })

  it('is a world in which every kill point of a job holds', async () => {
    const job = load(postgresWriter<Row>({ table: 'row', columns: ['id'] }))
    const { points, kills } = await everyKillPoint(job, { ...rows, schema })
    expect(kills).to.equal(points.length)
    expect(kills).to.be.greaterThan(25)
  })

  it('shows a writer that says transactional and writes through another connection', async () => {
    const job = load({
      kind: 'outside',
      description: 'rows through the pool',
      guarantee: 'transactional',
      needs: { resource: PG_CLIENT, fallback: 'at-least-once' },
      open: async ({ resources }) => ({
        write: async (items) => {
          const ids = items.map(({ id }) => id)
          await resources.find(PG_POOL)?.query('insert into row select unnest($1::int[])', [ids])
        },
        close: async () => {},
      }),
    })
    const error = await everyKillPoint(job, {
      ...rows,
      schema,
      phases: ['after write', 'after commit'],
    }).then(
      () => '',
      ({ message }: Error) => message,
    )
    expect(error).to.contain('step load, chunk 2: after write: output: 10 too often: { id: 10 }')
    expect(error).not.to.contain('after commit')
  })

  it('has no transaction left of a process that was killed', async () => {
    const open = async () => {
      const { rows } = await schema.pool.query(
        "select pid from pg_stat_activity where application_name like $1 || ' %'",
        [schema.schema],
      )
      return rows
    }
    // The last one ended by itself: the server may list it for a moment after it has hung up.
    const deadline = Date.now() + 5_000
    while ((await open()).length > 0 && Date.now() < deadline) await sleep(20)
    expect(await open()).to.deep.equal([])
  })
})
