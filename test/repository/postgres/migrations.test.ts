import { expect } from 'chai'
import type { PoolConfig } from 'pg'
import { MIGRATIONS } from '../../../migrations/index.ts'
import { type BatchError, isBatchError } from '../../../src/core/model/batch-error.ts'
import {
  migrateRepository,
  postgresRepository,
  type PostgresRepositoryOptions,
  repositoryStatus,
} from '../../../src/repository/postgres/index.ts'
import { emptyTestDatabase, type TestDatabase } from '../../embedded-postgres.ts'
import { launchJob } from './running-job.ts'
import { springExecutionsSql, springSchemaSql } from './spring-schema.ts'

describe("The job repository's schema", () => {
  let database: TestDatabase
  let options: PostgresRepositoryOptions

  beforeEach(async () => {
    database = await emptyTestDatabase()
    options = { connection: database.connection, schema: database.schema }
  })

  afterEach(() => database.close())

  async function refusal(action: Promise<unknown>): Promise<BatchError> {
    const error = await action.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (!isBatchError(error)) throw new Error('no BatchError', { cause: error })
    return error
  }

  async function columns(): Promise<readonly string[]> {
    const { rows } = await database.pool.query<{ text: string }>(
      `select concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable) as text
        from information_schema.columns where table_schema = $1 order by table_name, ordinal_position`,
      [database.schema],
    )
    return rows.map(({ text }) => text)
  }

  it('is missing at first, which names the remedy and makes nothing', async () => {
    expect(await repositoryStatus(options)).to.include({ state: 'missing', schema: database.schema })
    const error = await refusal(postgresRepository(options))
    expect(error.code).to.equal('SCHEMA_OUTDATED')
    expect(error.message).to.contain('batchwright db migrate')
    expect(await columns()).to.deep.equal([])
  })

  it('is made once, whoever asks at the same time', async () => {
    const reports = await Promise.all([1, 2, 3].map(() => migrateRepository(options)))
    expect(reports.map(({ applied }) => applied.length)).to.have.members([0, 0, MIGRATIONS.length])
    expect(reports.every(({ adoptedSpringTables }) => !adoptedSpringTables)).to.equal(true)
    expect(await repositoryStatus(options)).to.include({ state: 'current' })
    await (await postgresRepository(options)).close()
  })

  it('has the same tables, columns and sequences as the one that Spring Batch 6 makes', async () => {
    await migrateRepository(options)
    const ours = await columns()
    const spring = await emptyTestDatabase()
    await spring.pool.query(springSchemaSql(spring.schema))
    const { rows } = await spring.pool.query<{ text: string }>(
      `select concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable) as text
        from information_schema.columns where table_schema = $1`,
      [spring.schema],
    )
    expect(ours).to.include.members(rows.map(({ text }) => text))
    const { rows: sequences } = await spring.pool.query(
      `select sequencename, min(max_value)::text as max, count(*)::int as copies from pg_sequences
        where schemaname = any($1) and sequencename in (select sequencename from pg_sequences where schemaname = $2)
        group by 1`,
      [[database.schema, spring.schema], spring.schema],
    )
    expect(sequences.length).to.equal(3)
    for (const sequence of sequences) expect(sequence).to.include({ max: '9223372036854775807', copies: 2 })
    await spring.close()
  })

  it('is made in any schema, also a new one, and with any prefix', async () => {
    const odd = {
      connection: database.connection,
      schema: `Odd Schema ${database.schema}`,
      tablePrefix: 'My-App_',
    }
    for (const tablePrefix of ['My-App_', 'two_', 'batch_']) {
      await migrateRepository({ ...odd, tablePrefix })
      const repository = await postgresRepository({ ...odd, tablePrefix })
      const { claim } = await launchJob(repository)
      expect((await repository.findJobExecution(claim.jobExecutionId))?.status).to.equal('STARTING')
      expect(repository.description).to.contain(tablePrefix.toLowerCase())
      await repository.close()
    }
    await database.pool.query(`drop schema "${odd.schema}" cascade`)
  })

  it('is refused with a name that Postgres or TypeORM would misread', async () => {
    for (const wrong of [
      { schema: 'a.b' },
      { schema: 'a"b' },
      { schema: '' },
      { tablePrefix: 'x'.repeat(40) },
    ]) {
      const error = await refusal(migrateRepository({ ...options, ...wrong }))
      expect(error.code).to.equal('INVALID_CONFIGURATION')
    }
  })

  it('adopts what Spring Batch 6 has made, adding only tables and indexes of ours', async () => {
    await database.pool.query(springSchemaSql(database.schema))
    await database.pool.query(springExecutionsSql(database.schema))
    const before = await columns()
    const report = await migrateRepository(options)
    expect(report.adoptedSpringTables).to.equal(true)
    expect(report.applied.length).to.equal(MIGRATIONS.length)
    const after = await columns()
    expect(after).to.include.members([...before])
    const added = new Set(after.filter((one) => !before.includes(one)).map((one) => one.split(' ')[0]))
    expect([...added]).to.have.members([
      'batch_batchwright_migration',
      'batch_event',
      'batch_job_execution_action',
      'batch_job_execution_definition',
      'batch_job_execution_heartbeat',
      'batch_job_execution_launch',
      'batch_job_execution_owner',
      'batch_quarantine',
      'batch_quarantine_batch',
      'batch_schedule',
      'batch_schedule_fire',
      'batch_step_execution_backend',
      'batch_step_reconciliation',
      'batch_step_partition',
      'batch_step_partition_execution',
      'batch_step_partition_worker',
      'batch_webhook_delivery',
      'batch_webhook_endpoint',
      'batch_step_sample',
    ])
    const { rows } = await database.pool.query(
      `select 1 from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = $1`,
      [database.schema],
    )
    expect(rows, 'no functions').to.deep.equal([])
    expect(await migrateRepository(options)).to.deep.include({ applied: [], adoptedSpringTables: false })
  })

  it("refuses Spring Batch 5's schema, and says how to move", async () => {
    await database.pool.query(springSchemaSql(database.schema))
    await database.pool.query(
      `alter sequence ${database.schema}.batch_job_instance_seq rename to batch_job_seq`,
    )
    const before = await columns()
    const error = await refusal(migrateRepository(options))
    expect(error.code).to.equal('SCHEMA_REFUSED')
    expect(error.message).to.contain('Spring Batch 5').and.contain('batch_job_seq')
    expect(await columns()).to.deep.equal(before)
  })

  it('refuses an older one still, and one that is not whole', async () => {
    const { schema, pool } = database
    await pool.query(springSchemaSql(schema))
    await pool.query(`alter table ${schema}.batch_job_execution_params rename parameter_name to key_name`)
    expect((await refusal(migrateRepository(options))).message).to.contain('Spring Batch 4')
    await pool.query(`drop table ${schema}.batch_job_execution_params`)
    expect((await refusal(migrateRepository(options))).message).to.contain('job_execution_params are missing')
  })

  it('refuses several live executions of one instance, and names them', async () => {
    const { schema, pool } = database
    await pool.query(springSchemaSql(schema))
    await pool.query(springExecutionsSql(schema))
    await pool.query(
      `insert into ${schema}.batch_job_execution (job_execution_id, job_instance_id, create_time, status)
        values (77, 3, now(), 'STOPPING')`,
    )
    const error = await refusal(migrateRepository(options))
    expect(error.code).to.equal('SCHEMA_REFUSED')
    expect(error.message).to.contain('job executions 3, 77 of instance 3')
    await pool.query(`update ${schema}.batch_job_execution set status = 'FAILED' where job_execution_id = 77`)
    await migrateRepository(options)
  })

  it('of a later version is left alone', async () => {
    await migrateRepository(options)
    await database.pool.query(
      `insert into ${database.schema}.batch_batchwright_migration (timestamp, name) values (9, 'FromTheFuture9999999999999')`,
    )
    expect(await repositoryStatus(options)).to.include({ state: 'newer' })
    expect((await refusal(postgresRepository(options))).code).to.equal('SCHEMA_REFUSED')
    expect((await refusal(migrateRepository(options))).message).to.contain('FromTheFuture9999999999999')
  })

  it('of an earlier version is said to be outdated', async () => {
    await migrateRepository(options)
    await database.pool.query(
      `delete from ${database.schema}.batch_batchwright_migration where name like 'Indexes%'`,
    )
    expect(await repositoryStatus(options)).to.deep.include({
      state: 'outdated',
      pending: ['Indexes1763769600003'],
    })
    expect((await refusal(postgresRepository(options))).message).to.contain('batchwright db migrate')
  })
})

describe('A job repository that cannot be reached', () => {
  const cases: readonly (readonly [string, string | PoolConfig])[] = [
    ['a connection string', 'postgres://somebody:hunter2@127.0.0.1:1/trades'],
    ['options', { host: '127.0.0.1', port: 1, user: 'somebody', password: 'hunter2', database: 'trades' }],
  ]
  for (const [name, connection] of cases) {
    it(`is named with its server and the remedy, never with the password (${name})`, async () => {
      for (const action of [postgresRepository, migrateRepository, repositoryStatus]) {
        const error = await action({ connection }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        if (!isBatchError(error, 'REPOSITORY_UNAVAILABLE')) throw new Error('not refused', { cause: error })
        expect(error.message).to.contain('127.0.0.1:1/trades').and.contain('DATABASE_URL')
        expect(`${error.message}${JSON.stringify(error.details)}`).not.to.contain('hunter2')
      }
    })
  }
})
