import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { DataSource } from 'typeorm'
import { z } from 'zod'
import { createBatch } from '../../../src/create-batch.ts'
import { defineJob } from '../../../src/core/definition/define-job.ts'
import { postgresRepository, type PostgresRepositoryOptions } from '../../../src/repository/postgres/index.ts'
import { postgresReader } from '../../../src/readers/postgres.ts'
import { postgresWriter } from '../../../src/writers/postgres.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'

const ROWS = 500
const BRANCHES = ['a', 'b', 'c', 'd']

describe('Steps that run side by side', () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
    await database.pool.query(
      `create table ${database.schema}.source as select n from generate_series(1, ${ROWS}) n;
       alter table ${database.schema}.source add primary key (n);
       create table ${database.schema}.target (branch text, n integer)`,
    )
  })

  after(() => database.close())

  beforeEach(() => database.pool.query(`truncate ${database.schema}.target`))

  const copies = (name: string) => {
    const { schema } = database
    return defineJob({
      name,
      parameters: z.object({}),
      steps: (step) =>
        Object.fromEntries(
          BRANCHES.map((branch) => [
            branch,
            step.chunk(
              { size: 50 },
              {
                reader: postgresReader<{ n: number }>({ table: `${schema}.source`, orderBy: ['n'] }),
                processor: ({ n }) => ({ branch, n }),
                writer: postgresWriter({ table: `${schema}.target`, columns: ['branch', 'n'] }),
              },
            ),
          ]),
        ),
      flow: ({ flow, split, end }) =>
        flow('all', {
          all: split(Object.fromEntries(BRANCHES.map((branch) => [branch, [branch]])), { COMPLETED: end() }),
        }),
    })
  }

  const pools: readonly (readonly [
    string,
    number,
    () => Promise<PostgresRepositoryOptions['connection']>,
  ])[] = [
    ['the pool has 1', 5, async () => database.connection],
    ['a given data source has 3', 2, () => given(3)],
    ['a given data source has 6', 3, () => given(6)],
  ]

  async function given(max: number): Promise<{ readonly dataSource: DataSource }> {
    dataSource = await new DataSource({
      type: 'postgres',
      extra: { ...database.connection, max },
    }).initialize()
    return { dataSource }
  }
  let dataSource: DataSource | undefined
  afterEach(() => dataSource?.destroy())

  for (const [title, bound, connection] of pools)
    it(`all end, although each needs two connections and ${title}`, async function () {
      this.timeout(20_000)
      const repository = await postgresRepository({
        connection: await connection(),
        schema: database.schema,
        poolSize: 1,
      })
      const job = copies(`copies ${title}`)
      const parents = defineJob({
        name: `parents ${title}`,
        parameters: z.object({}),
        steps: (step) => ({ copies: step.job(job, { parameters: () => ({}) }) }),
      })
      await using batch = createBatch({ repository, jobs: [parents], logger: pino({ level: 'silent' }) })
      let atOnce = 0
      let most = 0
      const observer = {
        stepStarted: () => {
          atOnce += 1
          most = Math.max(most, atOnce)
        },
        stepEnded: () => void (atOnce -= 1),
      }
      const { execution, error } = await (await batch.operator.start(parents, {}, { observer })).ended
      expect(error).to.equal(undefined)
      expect(execution.status).to.equal('COMPLETED')
      const { rows } = await database.pool.query(
        `select branch, count(*)::int as rows, count(distinct n)::int as numbers from ${database.schema}.target group by 1 order by 1`,
      )
      expect(rows).to.deep.equal(BRANCHES.map((branch) => ({ branch, rows: ROWS, numbers: ROWS })))
      expect(most, 'steps at work at once, the parent among them').to.be.at.most(bound)
    })

  it('end although a step that has waited wants its place back while another, which ends too, has it', async function () {
    this.timeout(20_000)
    const parameters = z.object({})
    const child = defineJob({
      name: 'child of a branch',
      parameters,
      steps: (step) => ({ quick: step.tasklet(() => {}) }),
    })
    const job = defineJob({
      name: 'branches',
      parameters,
      steps: (step) => ({
        waiting: step.job(child, { parameters: () => ({}) }),
        first: step.tasklet(() => {}),
        second: step.tasklet(async () => setTimeout(500)),
      }),
      flow: ({ flow, split, end }) =>
        flow('both', {
          both: split({ left: ['waiting'], right: ['first', 'second'] }, { COMPLETED: end() }),
        }),
    })
    const repository = await postgresRepository({ connection: await given(3), schema: database.schema })
    await using batch = createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
    const { ended } = await batch.operator.start(job, {})
    expect((await ended).execution.status).to.equal('COMPLETED')
  })
})
