import { expect } from 'chai'
import { NO_COUNTS } from '../../../src/core/model/step-execution.ts'
import type { ExecutionFilter, JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { FireAnswer } from '../../../src/core/ports/schedule-store.ts'
import { pgClient } from '../../../src/postgres/resources.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { commit, jobEnd, launchJob, launchRequest, OWNER, RECOVER, stepEnd } from './running-job.ts'
import { type WireProxy, wireProxy } from './wire-proxy.ts'

const HISTORY = 10_000

function reasonOf(answer: FireAnswer): string {
  return answer.outcome === 'left' ? answer.reason : answer.outcome
}

describe('The number of statements', () => {
  let database: TestDatabase
  let proxy: WireProxy
  let repository: JobRepository

  before(async () => {
    database = await testDatabase()
    proxy = await wireProxy(database.connection)
    repository = await postgresRepository({ connection: proxy.connection, schema: database.schema })
  })

  after(async () => {
    await repository.close()
    await proxy.close()
    await database.close()
  })

  /** With BEGIN and COMMIT, as they crossed the wire. */
  async function counted(action: () => Promise<unknown>): Promise<number> {
    const before = proxy.statements.length
    await action()
    return proxy.statements.length - before
  }

  async function trivialJob(): Promise<void> {
    const { claim } = await launchJob(repository)
    await repository.startJobExecution(claim)
    const step = await repository.beginStep(claim, { stepName: 'only', executionContext: {} })
    await commit(step, 0, async () => {})
    await step.end(stepEnd('COMPLETED'))
    await step.close()
    await repository.endJobExecution(claim, jobEnd('COMPLETED'))
  }

  async function restart(): Promise<void> {
    const key = `${Math.random()}`
    const { claim } = await launchJob(repository, key)
    await repository.endJobExecution(claim, jobEnd('FAILED'))
    const statements = await counted(() => launchJob(repository, key, { action: 'restart' }))
    expect(statements).to.equal(7)
    expect(await counted(() => launchJob(repository, key, RECOVER))).to.equal(9)
  }

  it('is 4 for a launch, 9 for a whole trivial job, 7 for a restart and 9 for a recovery', async () => {
    expect(await counted(() => launchJob(repository))).to.equal(4)
    expect(await counted(trivialJob)).to.equal(9)
    await restart()
  })

  it('is two for the claim of a partition: the id that tells whether it was done, and the claim', async () => {
    const { partitions } = repository
    const { claim } = await launchJob(repository)
    const step = await repository.beginStep(claim, { stepName: 'load', executionContext: {} })
    const planId = step.stepExecution.id
    const plan = [{ name: 'all', value: null }]
    await commit(step, 0, (transaction) => partitions.storePlan(transaction, planId, plan))
    await partitions.openPlan(claim, planId)
    const workerId = await partitions.beginWorker(claim, OWNER, null)
    const claiming = () => partitions.claimPartition(claim, { planId, stepName: 'load', workerId })
    expect(await counted(async () => (await claiming())?.session.close())).to.equal(2)
    expect(await counted(claiming), 'where nothing is open').to.equal(2)
    await step.close()
  })

  it('is one for the metadata of a chunk, and BEGIN and COMMIT where the writer has statements', async () => {
    const { claim } = await launchJob(repository)
    const step = await repository.beginStep(claim, { stepName: 'load', executionContext: {} })
    for (const pipelined of [false, true]) {
      expect(await counted(() => commit(step, 1, async () => {}, pipelined))).to.equal(1)
      const work = () => commit(step, 2, (transaction) => pgClient(transaction).query('select 1'), pipelined)
      expect(await counted(work)).to.equal(4)
      const [begin, own, , end] = proxy.statements.slice(-4)
      expect([begin, own, end]).to.deep.equal(['begin isolation level read committed', 'select 1', 'commit'])
    }
    await step.close()
  })

  it('is the same for a chunk that skips items', async () => {
    const { claim } = await launchJob(repository)
    const step = await repository.beginStep(claim, { stepName: 'load', executionContext: {} })
    const skipping = () =>
      step.commit({
        pipelined: false,
        work: async () => {},
        progress: () => ({
          counts: NO_COUNTS,
          executionContext: {},
          quarantined: [1, 2, 3].map((line) => ({
            phase: 'read',
            payload: { kind: 'raw', text: 'x' },
            position: { line },
            error: { type: 'Error', message: 'no' },
          })),
        }),
      })
    expect(await counted(skipping)).to.equal(1)
    expect(
      (await repository.quarantine.list({ jobExecutionId: claim.jobExecutionId, limit: 9 })).length,
    ).to.equal(3)
    expect(await counted(() => commit(step, 1, async () => {}))).to.equal(1)
    expect(proxy.statements.at(-1)).to.not.contain('quarantine')
    await step.close()
  })

  it('is the same for a fire, however many executions of the job are live', async () => {
    const fire = () =>
      repository.schedules.fire({
        schedule: 'nightly',
        slot: new Date(0),
        by: 'a test',
        replaces: [],
        decide: ({ live }) => ({ action: 'leave', reason: `${live.length} are live` }),
        launch: launchRequest(),
      })
    const few = await counted(fire)
    const before = Number.parseInt(reasonOf(await fire()), 10)
    for (let more = 0; more < 3; more += 1) await launchJob(repository)
    expect(await counted(fire)).to.equal(few)
    expect(reasonOf(await fire())).to.equal(`${before + 3} are live`)
  })

  it('is 1 for the check of the tables, and it draws no id', async () => {
    const last = async () => {
      const { rows } = await database.pool.query(`select * from ${database.schema}.batch_step_execution_seq`)
      return rows
    }
    const before = await last()
    expect(await counted(() => repository.checkTables())).to.equal(1)
    expect(await last()).to.deep.equal(before)
  })

  it('is 1 for what was interrupted, and for the deaths of an instance', async () => {
    const { claim, execution } = await launchJob(repository)
    await repository.noteInterruption(claim.jobExecutionId, 'a test')
    await repository.endJobExecution(claim, jobEnd('STOPPED'))
    expect(await counted(() => repository.listInterrupted())).to.equal(1)
    expect(await counted(() => repository.countDeaths(execution.jobInstance.id))).to.equal(1)
  })

  it(`stays the same after ${HISTORY} earlier executions of the job`, async () => {
    await fillHistory()
    expect(await counted(() => launchJob(repository))).to.equal(4)
    expect(await counted(trivialJob)).to.equal(9)
    await restart()
  })

  it('none of them scans a table that grows', async () => {
    await database.pool.query(`analyze`)
    const before = await sequentialReads()
    await trivialJob()
    await restart()
    await repository.close()
    // The server tells its statistics at the latest when the sessions have ended.
    await new Promise((resolve) => setTimeout(resolve, 300))
    const after = await sequentialReads()
    expect(after - before).to.be.lessThan(HISTORY / 2)
  })

  it('is 1 for a list, whatever is asked for and however long the page is, and 2 for figures', async () => {
    repository = await postgresRepository({ connection: proxy.connection, schema: database.schema })
    const filters: readonly Omit<ExecutionFilter, 'limit'>[] = [
      {},
      { jobName: 'job' },
      { statuses: ['COMPLETED', 'FAILED'] },
      { attention: true },
      { trigger: { type: 'program' } },
      { createdFrom: new Date(0), createdUntil: new Date() },
      { text: 'a.csv' },
      { text: 'file=a.csv', attention: true, jobName: 'job', before: '9999999' },
    ]
    for (const limit of [1, 20, 500]) {
      for (const filter of filters) {
        const listing = () => repository.listJobExecutions({ ...filter, limit })
        expect(await counted(listing), JSON.stringify(filter)).to.equal(1)
      }
      expect(await counted(() => repository.listJobInstances({ limit }))).to.equal(1)
      expect(await counted(() => repository.listInstanceOverviews({ limit }))).to.equal(1)
    }
    expect(await repository.listJobExecutions({ text: 'a.csv', limit: 500 })).to.have.length(500)
    expect(await counted(() => repository.jobStatistics({ jobName: 'job', since: new Date(0) }))).to.equal(2)
    expect(await counted(() => repository.jobFacts())).to.equal(2)
    const [newest] = await repository.listJobExecutions({ limit: 1 })
    expect(await counted(() => repository.findJobExecution(newest?.id ?? ''))).to.equal(3)
  })

  it('is 5 for a launch with a key, which is looked up, and for its replay', async () => {
    const key = { caller: 'tests', key: 'one', requestHash: 'hash' }
    const request = launchRequest()
    const launching = () => repository.launchOnce(request, key)
    expect(await counted(launching)).to.equal(5)
    expect(await counted(launching)).to.equal(5)
  })

  async function sequentialReads(): Promise<number> {
    const { rows } = await database.pool.query<{ read: string }>(
      `select sum(seq_tup_read) as read from pg_stat_user_tables where schemaname = $1`,
      [database.schema],
    )
    return Number(rows[0]?.read)
  }

  /** Instances of one execution each, with a step, parameters, contexts and owners. */
  async function fillHistory(): Promise<void> {
    const { schema, pool } = database
    const id = (sequence: string): string => `nextval('${schema}.batch_${sequence}_seq')`
    await pool.query(`
      insert into ${schema}.batch_job_instance
        select ${id('job_instance')}, 0, 'job', md5(n::text) from generate_series(1, ${HISTORY}) n;
      insert into ${schema}.batch_job_execution (job_execution_id, version, job_instance_id, create_time, status)
        select ${id('job_execution')}, 2, job_instance_id, now(), 'COMPLETED'
          from ${schema}.batch_job_instance order by job_instance_id desc limit ${HISTORY};
      insert into ${schema}.batch_job_execution_params
        select job_execution_id, 'file', 'java.lang.String', 'a.csv', 'Y' from ${schema}.batch_job_execution;
      insert into ${schema}.batch_job_execution_context
        select job_execution_id, '{}', null from ${schema}.batch_job_execution on conflict do nothing;
      insert into ${schema}.batch_step_execution (step_execution_id, version, step_name, job_execution_id, create_time, status)
        select ${id('step_execution')}, 1, 'only', job_execution_id, now(), 'COMPLETED' from ${schema}.batch_job_execution;
      insert into ${schema}.batch_step_execution_context
        select step_execution_id, '{}', null from ${schema}.batch_step_execution on conflict do nothing;
      insert into ${schema}.batch_job_execution_owner
        select job_execution_id, 1, 'h', 1, null, null, null, now() from ${schema}.batch_job_execution on conflict do nothing`)
  }
})
