import { expect } from 'chai'
import type { QuarantinedItem } from '../../../src/core/model/quarantined-item.ts'
import { encodeItem } from '../../../src/core/model/item-json.ts'
import { NO_COUNTS } from '../../../src/core/model/step-execution.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { Launched } from '../../../src/core/ports/launch.ts'
import type { StepSession } from '../../../src/core/ports/step-session.ts'
import { pgClient } from '../../../src/postgres/resources.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { DEFINITION, FACTS, OWNER, startedStep, stepEnd } from './running-job.ts'
import { type WireProxy, wireProxy } from './wire-proxy.ts'

const ITEMS: readonly QuarantinedItem[] = ['AU0000', 'DE0007'].map((isin, line) => ({
  phase: 'write',
  payload: { kind: 'item', json: encodeItem({ isin, text: 'NUL \u0000 and half \ud800' }) },
  position: { file: 'trades.csv', line },
  error: { type: '23505', message: 'twice: \u0000' },
}))

describe('The quarantine in Postgres', () => {
  let database: TestDatabase
  let proxy: WireProxy
  let repository: JobRepository
  let launched: Launched
  let step: StepSession

  before(async () => {
    database = await testDatabase()
    proxy = await wireProxy(database.connection)
    repository = await postgresRepository({ connection: proxy.connection, schema: database.schema })
    await database.pool.query(`create table ${database.schema}.trade (id integer)`)
  })

  after(async () => {
    await repository.close()
    await proxy.close()
    await database.close()
  })

  beforeEach(async () => {
    ;({ launched, step } = await startedStep(repository))
  })

  afterEach(() => step.close())

  const skip = (writes: boolean, pipelined = false): Promise<unknown> =>
    step.commit({
      pipelined,
      work: async (transaction) => {
        if (writes) await pgClient(transaction).query(`insert into ${database.schema}.trade values (1)`)
      },
      progress: () => ({
        counts: { ...NO_COUNTS, writeSkipCount: 2 },
        executionContext: {},
        quarantined: ITEMS,
      }),
    })

  const found = () => repository.quarantine.list({ jobExecutionId: launched.execution.id, limit: 10 })

  for (const pipelined of [false, true]) {
    const how = pipelined ? 'in one flush' : 'statement by statement'

    it(`holds each item once where the answer to the COMMIT was lost, ${how}`, async () => {
      proxy.loseNextCommitAnswer()
      await skip(true, pipelined)
      expect((await found()).map(({ position }) => position['line'])).to.deep.equal([1, 0])
      await step.end(stepEnd('COMPLETED'))
    })

    it(`holds nothing where the COMMIT was lost on its way, and each item once when it is done again, ${how}`, async () => {
      proxy.loseNextCommit()
      const error: unknown = await skip(true, pipelined).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(Error)
      expect(await found()).to.deep.equal([])
      await skip(true, pipelined)
      expect(await found()).to.have.lengthOf(2)
    })
  }

  it('holds each item once where a chunk without writes was committed and its answer lost', async () => {
    proxy.loseNextAnswerTo('quarantined')
    await skip(false)
    expect(await found()).to.have.lengthOf(2)
  })

  it('can be looked into with SQL', async () => {
    await skip(false)
    const { rows } = await database.pool.query<{ isin: string; line: number }>(
      `select payload->>'isin' as isin, (position->>'line')::int as line from ${database.schema}.batch_quarantine
        where job_execution_id = $1 order by quarantine_id`,
      [launched.execution.id],
    )
    expect(rows).to.deep.equal([
      { isin: 'AU0000', line: 0 },
      { isin: 'DE0007', line: 1 },
    ])
  })

  it('goes with its execution when Spring deletes that, and lets the redrive stay', async () => {
    await skip(false)
    await step.end(stepEnd('COMPLETED'))
    const redrive = await repository.launchRedrive({
      jobName: 'job',
      originJobExecutionId: launched.execution.id,
      selection: {},
      redrivable: [{ stepName: 'load', phase: 'write' }],
      executionContext: { kind: 'readable', values: {} },
      launch: (batchId) => ({
        jobName: 'job',
        jobKey: `redrive-${batchId}`,
        parameters: [],
        owner: OWNER,
        by: 'test',
        leaseMilliseconds: 30_000,
        definition: DEFINITION,
        facts: FACTS,
      }),
    })
    const { schema, pool } = database
    const { id } = launched.execution
    // In Spring's order, which knows nothing of our tables.
    for (const statement of [
      `delete from ${schema}.batch_job_execution_context where job_execution_id = ${id}`,
      `delete from ${schema}.batch_job_execution_params where job_execution_id = ${id}`,
      `delete from ${schema}.batch_step_execution_context where step_execution_id = ${step.stepExecution.id}`,
      `delete from ${schema}.batch_step_execution where step_execution_id = ${step.stepExecution.id}`,
      `delete from ${schema}.batch_job_execution where job_execution_id = ${id}`,
      `delete from ${schema}.batch_job_instance where job_instance_id = ${launched.execution.jobInstance.id}`,
    ])
      await pool.query(statement)
    expect(await found()).to.deep.equal([])
    expect(await repository.quarantine.findBatch(redrive?.batchId ?? '')).to.equal(undefined)
    expect((await repository.findJobExecution(redrive?.launched.execution.id ?? ''))?.status).to.equal(
      'STARTING',
    )
  })
})
