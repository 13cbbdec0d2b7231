import { expect } from 'chai'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { LatestExecution, LaunchVerdict } from '../../../src/core/ports/launch.ts'
import { migrateRepository, postgresRepository } from '../../../src/repository/postgres/index.ts'
import { emptyTestDatabase, type TestDatabase } from '../../embedded-postgres.ts'
import { DEFINITION, FACTS, jobEnd, launchJob, OWNER, RECOVER, stepEnd } from './running-job.ts'
import { JACKSON_CONTEXT, JAVA_CONTEXT, springExecutionsSql, springSchemaSql } from './spring-schema.ts'

describe("Spring Batch's executions in our repository", () => {
  let database: TestDatabase
  let repository: JobRepository

  beforeEach(async () => {
    database = await emptyTestDatabase()
    const { connection, schema } = database
    await database.pool.query(springSchemaSql(schema))
    await database.pool.query(springExecutionsSql(schema))
    await migrateRepository({ connection, schema })
    repository = await postgresRepository({ connection, schema })
  })

  afterEach(async () => {
    await repository.close()
    await database.close()
  })

  /** The key that the rows of `springExecutionsSql` have. */
  async function keyOf(jobInstanceId: string): Promise<string> {
    const instances = await repository.listJobInstances({ limit: 10 })
    return instances.find(({ id }) => id === jobInstanceId)?.jobKey ?? ''
  }

  async function launch(jobInstanceId: string, decide: (latest?: LatestExecution) => LaunchVerdict) {
    return repository.launch({
      jobName: 'springJob',
      jobKey: await keyOf(jobInstanceId),
      parameters: [],
      owner: OWNER,
      leaseMilliseconds: 30_000,
      by: 'a test',
      definition: DEFINITION,
      facts: FACTS,
      decide,
    })
  }

  it('are listed, without an owner', async () => {
    const executions = await repository.listJobExecutions({ jobName: 'springJob', limit: 10 })
    expect(executions.map(({ id, status, owner }) => [id, status, owner])).to.deep.equal([
      ['3', 'STARTED', null],
      ['2', 'COMPLETED', null],
      ['1', 'FAILED', null],
    ])
  })

  it('are shown with their times as UTC, parameters of any type, and contexts as stored', async () => {
    const execution = await repository.findJobExecution('1')
    expect(execution?.startTime?.toISOString()).to.equal('2026-02-01T10:00:01.000Z')
    expect(execution?.endTime?.toISOString()).to.equal('2026-02-01T10:00:05.123Z')
    expect(execution?.jobParameters).to.deep.equal([
      { name: 'color', type: 'com.example.Color', text: 'RED', identifying: false },
      { name: 'n', type: 'java.lang.Integer', text: '0', identifying: true },
    ])
    expect(execution?.executionContext).to.deep.equal({
      kind: 'opaque',
      form: 'java-serialized',
      text: JAVA_CONTEXT,
    })
    const [step] = execution?.stepExecutions ?? []
    expect(step).to.include({
      stepName: 'load',
      status: 'FAILED',
      readCount: 100,
      writeCount: 99,
      rollbackCount: 1,
    })
    expect(step?.executionContext.kind).to.equal('opaque')
    const completed = await repository.findJobExecution('2')
    expect(completed?.stepExecutions[0]?.executionContext).to.deep.equal({
      kind: 'readable',
      values: { 'reader.read.count': 5, written: 120n },
    })
  })

  it('are the latest of their instances, for a launch to decide', async () => {
    let seen: LatestExecution | undefined
    const error = new Error('as the test says')
    const refused = launch('2', (latest) => {
      seen = latest
      return { action: 'refuse', error }
    })
    expect(await refused.catch((thrown: unknown) => thrown)).to.equal(error)
    expect(seen?.execution.status).to.equal('COMPLETED')
    expect(seen?.owner).to.equal(null)
  })

  it('can be restarted: their context is carried over as it stands, their steps are known as not ours', async () => {
    const { execution, previousSteps, recovered } = await launch('1', () => ({ action: 'restart' }))
    expect(recovered).to.equal(null)
    expect(execution.executionContext).to.deep.equal({
      kind: 'opaque',
      form: 'java-serialized',
      text: JAVA_CONTEXT,
    })
    const previous = previousSteps.get('load')
    expect(previous?.ours).to.equal(false)
    expect(previous?.last.executionContext.kind).to.equal('opaque')
    expect(previous?.counts.readCount).to.equal(100)
    const { rows } = await database.pool.query<{ text: string }>(
      `select short_context as text from ${database.schema}.batch_job_execution_context where job_execution_id = $1`,
      [execution.id],
    )
    expect(rows[0]?.text).to.equal(JAVA_CONTEXT)
  })

  it('that run can be recovered by force, and their process is then refused by the versions', async () => {
    const { recovered } = await launch('3', () => RECOVER)
    expect(recovered).to.equal('3')
    const closed = await repository.findJobExecution('3')
    expect(closed).to.include({ status: 'FAILED', version: 3 })
    expect(closed?.stepExecutions[0]).to.include({ status: 'FAILED', version: 5 })
    expect(closed?.stepExecutions[0]?.executionContext.kind).to.equal('opaque')
  })

  it('can be asked to stop in Spring’s way', async () => {
    expect(await repository.requestStop('3', 'anna')).to.equal(true)
    expect(await repository.findJobExecution('3')).to.include({
      status: 'STOPPING',
      version: 3,
      endTime: null,
    })
  })

  it('cannot begin beside one of ours: the second live execution of an instance is refused', async () => {
    const { execution } = await launchJob(repository)
    const spring = database.pool.query(
      `insert into ${database.schema}.batch_job_execution (job_execution_id, job_instance_id, create_time, status)
        values (999, $1, now(), 'STARTING')`,
      [execution.jobInstance.id],
    )
    expect(await spring.catch((error: Error) => error.message)).to.contain('one_live')
  })

  it('that begin during our launch win, and ours says that it runs already', async () => {
    const client = await database.pool.connect()
    const jobKey = 'f'.repeat(32)
    const { schema } = database
    // Spring checks, and inserts later, without a lock: here in the middle of our decision.
    await client.query('begin')
    await client.query(`insert into ${schema}.batch_job_instance values (500, 0, 'job', '${jobKey}')`)
    await client.query('commit')
    await client.query('begin')
    await client.query(
      `insert into ${schema}.batch_job_execution (job_execution_id, job_instance_id, create_time, status)
        values (500, 500, now(), 'STARTING')`,
    )
    const launching = launchJob(repository, jobKey).catch((error: unknown) => error)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await client.query('commit')
    client.release()
    expect(isBatchError(await launching, 'JOB_EXECUTION_ALREADY_RUNNING')).to.equal(true)
  })

  it('stop of ours ends the row, and the restart fences the owner that still works', async () => {
    const jobKey = 'e'.repeat(32)
    const { claim } = await launchJob(repository, jobKey)
    await repository.startJobExecution(claim)
    const step = await repository.beginStep(claim, { stepName: 'load', executionContext: {} })
    await database.pool.query(
      `update ${database.schema}.batch_job_execution set status = 'STOPPED', end_time = now(), version = version + 1
        where job_execution_id = $1`,
      [claim.jobExecutionId],
    )
    const again = await launchJob(repository, jobKey, { action: 'restart' })
    expect(again.previousSteps.get('load')?.last.status).to.equal('FAILED')
    const ending = await step.end(stepEnd('COMPLETED')).catch((error: unknown) => error)
    expect(isBatchError(ending, 'LEASE_LOST')).to.equal(true)
    await step.close()
    await repository.endJobExecution(again.claim, jobEnd('COMPLETED'))
  })

  it('find ours in the form that they know: JDK types, Jackson contexts, seconds always', async () => {
    const { claim } = await launchJob(repository)
    await repository.endJobExecution(claim, {
      ...jobEnd('COMPLETED'),
      executionContext: { 'reader.read.count': 5, written: 120n },
    })
    const { rows } = await database.pool.query(
      `select c.short_context, p.parameter_type, p.identifying, e.exit_code, e.status, abs(extract(epoch from
          e.create_time - (now() at time zone 'utc'))) < 60 as utc
        from ${database.schema}.batch_job_execution e
        join ${database.schema}.batch_job_execution_context c using (job_execution_id)
        join ${database.schema}.batch_job_execution_params p using (job_execution_id) where job_execution_id = $1`,
      [claim.jobExecutionId],
    )
    expect(rows).to.deep.equal([
      {
        short_context: JACKSON_CONTEXT,
        parameter_type: 'java.lang.String',
        identifying: 'Y',
        exit_code: 'COMPLETED',
        status: 'COMPLETED',
        utc: true,
      },
    ])
  })
})
