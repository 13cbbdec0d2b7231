import { expect } from 'chai'
import { createBatch, defineJob, rangePartitions } from 'batchwright'
import { postgresReader } from 'batchwright/readers/postgres'
import { postgresRepository } from 'batchwright/repository/postgres'
import { postgresWriter } from 'batchwright/writers/postgres'
import { pino } from 'pino'
import { z } from 'zod'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'

const ROWS = 2_000

describe('Partitions on a pool that is smaller than their number', () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
    const { schema, pool } = database
    await pool.query(`create table ${schema}.source as select n::int as id from generate_series(1, ${ROWS}) n;
      alter table ${schema}.source add primary key (id);
      create table ${schema}.target (id integer)`)
  })

  after(() => database.close())

  it('copy every row once, each with a reader of its own, and never wait for each other', async () => {
    const { schema, connection } = database
    const copy = defineJob({
      name: 'copy',
      parameters: z.object({}),
      steps: (step) => ({
        copy: step.partitioned(
          {
            size: 50,
            concurrency: 6,
            partitions: () => rangePartitions({ from: 1, to: ROWS, parts: 12 }),
          },
          {
            reader: ({ partition: { value } }) =>
              postgresReader<{ id: number }>({
                query: `select id from ${schema}.source where id between $1 and $2`,
                parameters: [value.from, value.to],
                orderBy: 'id',
              }),
            writer: postgresWriter({ table: `${schema}.target`, columns: ['id'] }),
          },
        ),
      }),
    })
    await using batch = createBatch({
      repository: await postgresRepository({ connection, schema, poolSize: 2 }),
      jobs: [copy],
      logger: pino({ level: 'silent' }),
    })
    const { ended } = await batch.operator.start(copy, {})
    const { execution, error } = await ended
    expect(execution.status, String(error)).to.equal('COMPLETED')
    const { rows } = await database.pool.query(
      `select count(*)::int as all, count(distinct id)::int as ids from ${schema}.target`,
    )
    expect(rows).to.deep.equal([{ all: ROWS, ids: ROWS }])
  })
})
