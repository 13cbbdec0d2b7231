import { expect } from 'chai'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { type Answered, type ApiTrial, apiTrial, type Asked, ended, newName, running } from './api-trial.ts'

const AT_ONCE = 20

describe('A launch over HTTP, twenty at once on Postgres', () => {
  let database: TestDatabase
  let repository: JobRepository
  let trial: ApiTrial

  before(async () => {
    database = await testDatabase()
    repository = await postgresRepository({
      connection: database.connection,
      schema: database.schema,
      poolSize: AT_ONCE,
      leaseMilliseconds: 6000,
    })
    trial = apiTrial({ repository })
  })
  after(async () => {
    await trial.close()
    await database.close()
  })

  function twenty(job: string, asked: (index: number) => Asked): Promise<readonly Answered[]> {
    const path = `POST /api/v1/jobs/${encodeURIComponent(job)}/executions`
    return Promise.all(Array.from({ length: AT_ONCE }, (_, index) => trial.ask(path, asked(index))))
  }
  const parameters = (name: string, more: object = {}): Asked => ({ json: { parameters: { name }, ...more } })

  it('begins twenty instances, each with 202, Location and Retry-After', async () => {
    const answers = await twenty('greet', () => parameters(newName()))
    expect(tally(answers)).to.deep.equal({ '202': AT_ONCE })
    for (const { headers, json } of answers) {
      expect(headers.get('location')).to.equal(`/api/v1/executions/${json.jobExecutionId}`)
      expect(headers.get('retry-after')).to.equal('2')
      expect(json['restartOf']).to.equal(null)
    }
    expect(new Set(answers.map(({ json }) => json.jobExecutionId)).size).to.equal(AT_ONCE)
  })

  it('restarts an instance that has failed once, and tells the others that it is running', async () => {
    const name = newName()
    const first = await trial.ask('POST /api/v1/jobs/wait/executions', parameters(name))
    await trial.ask(`POST /api/v1/executions/${first.json.jobExecutionId}/stop`)
    await trial.ask(`GET /api/v1/executions/${first.json.jobExecutionId}?wait=60s`)
    const answers = await twenty('wait', () => parameters(name))
    expect(tally(answers)).to.deep.equal({ '202': 1, '409 instance-running': AT_ONCE - 1 })
    const restarted = answers.find(({ status }) => status === 202)
    expect(restarted?.json['restartOf']).to.equal(first.json.jobExecutionId)
  })

  it('tells all of them which execution is running', async () => {
    const name = newName()
    const { id } = await running(trial.ask, name)
    const answers = await twenty('wait', () => parameters(name))
    expect(tally(answers)).to.deep.equal({ '409 instance-running': AT_ONCE })
    for (const { headers, json } of answers) {
      expect(headers.get('location')).to.equal(`/api/v1/executions/${id}`)
      expect(json['execution']).to.include({ jobExecutionId: id, jobName: 'wait' })
    }
  })

  it('answers with the execution that is running, where that is asked for', async () => {
    const name = newName()
    const answers = await twenty('wait', () => parameters(name, { onExisting: 'return' }))
    expect(tally(answers)).to.deep.equal({ '202': AT_ONCE })
    expect(new Set(answers.map(({ json }) => json.jobExecutionId)).size).to.equal(1)
  })

  it('refuses an instance that is complete, or answers 200 with it', async () => {
    const name = newName()
    const { jobExecutionId } = await ended(trial.ask, 'greet', name)
    expect(tally(await twenty('greet', () => parameters(name)))).to.deep.equal({
      '409 instance-complete': AT_ONCE,
    })
    const answers = await twenty('greet', () => parameters(name, { onExisting: 'return' }))
    expect(tally(answers)).to.deep.equal({ '200': AT_ONCE })
    expect(answers.every(({ json }) => json.jobExecutionId === jobExecutionId)).to.equal(true)
  })

  it('refuses an instance that is abandoned, and one that may not be restarted', async () => {
    const [abandoned, over] = [newName(), newName()]
    const { jobExecutionId } = await ended(trial.ask, 'fail', abandoned)
    await trial.ask(`POST /api/v1/executions/${jobExecutionId}/abandon`)
    expect(tally(await twenty('fail', () => parameters(abandoned)))).to.deep.equal({
      '409 instance-abandoned': AT_ONCE,
    })
    await ended(trial.ask, 'once only', over)
    expect(tally(await twenty('once only', () => parameters(over)))).to.deep.equal({
      '409 not-restartable': AT_ONCE,
    })
  })

  it('launches once for one key, and replays the answer to the others', async () => {
    const name = newName()
    const keyed = { ...parameters(name), headers: { 'Idempotency-Key': name } }
    const answers = await twenty('greet', () => keyed)
    expect(tally(answers)).to.deep.equal({ '202': AT_ONCE })
    expect(new Set(answers.map(({ json }) => json.jobExecutionId)).size).to.equal(1)
    const replayed = answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')
    expect(replayed).to.have.length(AT_ONCE - 1)
  })

  it('launches the next instance once for one key, and twenty for twenty keys', async () => {
    await ended(trial.ask, 'greet')
    const key = newName()
    const next = (one: string): Asked => ({
      json: { parameters: {}, mode: 'next' },
      headers: { 'Idempotency-Key': one },
    })
    const same = await twenty('greet', () => next(key))
    expect(new Set(same.map(({ json }) => json.jobExecutionId)).size).to.equal(1)
    const different = await twenty('greet', (index) => next(`${key}/${index}`))
    expect(tally(different)).to.deep.equal({ '202': AT_ONCE })
    expect(new Set(different.map(({ json }) => json['jobInstanceId'])).size).to.equal(AT_ONCE)
  })

  it('refuses a key that was used for something else', async () => {
    const key = newName()
    const headers = { 'Idempotency-Key': key }
    await trial.ask('POST /api/v1/jobs/greet/executions', { ...parameters(newName()), headers })
    const answers = await twenty('greet', () => ({ ...parameters(newName()), headers }))
    expect(tally(answers)).to.deep.equal({ '422 idempotency-key-reused': AT_ONCE })
  })

  it('refuses parameters that are not valid, each with its pointer', async () => {
    const answers = await twenty('greet', () => ({ json: { parameters: { nme: 'x', times: 0 } } }))
    expect(tally(answers)).to.deep.equal({ '422 invalid-parameters': AT_ONCE })
    const errors = answers[0]?.json['errors'] as readonly { readonly pointer: string }[]
    expect(errors.map(({ pointer }) => pointer).toSorted()).to.deep.equal([
      '#/parameters/name',
      '#/parameters/nme',
      '#/parameters/times',
    ])
  })

  it('launches as many as there are places, and refuses the others with 429', async () => {
    const small = apiTrial({ repository, limit: 5 })
    const path = 'POST /api/v1/jobs/wait/executions'
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => small.ask(path, parameters(newName()))),
    )
    expect(tally(answers)).to.deep.equal({ '202': 5, '429 at-capacity': AT_ONCE - 5 })
    expect(small.pool.active()).to.equal(5)
    expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).to.match(/^\d+$/)
    await small.pool.drain('the test is over')
    expect(small.pool.active()).to.equal(0)
  })

  it('answers 200 when it has ended, however that was, and 202 when the wait is over', async () => {
    const path = (job: string, wait: string) => `POST /api/v1/jobs/${job}/executions${wait}`
    const failed = await trial.ask(path('fail', '?wait=30s'), parameters(newName()))
    expect([failed.status, failed.json['status']]).to.deep.equal([200, 'FAILED'])
    const preferred = await trial.ask(path('greet', ''), {
      ...parameters(newName()),
      headers: { Prefer: 'respond-async, wait=30' },
    })
    expect([preferred.status, preferred.json['status']]).to.deep.equal([200, 'COMPLETED'])
    expect(preferred.headers.get('preference-applied')).to.equal('wait')
    const late = await trial.ask(path('wait', '?wait=1s'), parameters(newName()))
    expect([late.status, late.json['status']]).to.deep.equal([202, 'STARTED'])
  })

  it('records who asked, and what the scheduler calls itself', async () => {
    const trigger = { type: 'external', name: 'airflow:eod' }
    const { json } = await trial.ask('POST /api/v1/jobs/greet/executions?wait=30s', {
      ...parameters(newName(), { trigger }),
      as: 'launch',
    })
    expect(json['launch']).to.deep.equal({ trigger, runner: 'server' })
    const details = await trial.ask(`GET /api/v1/executions/${json.jobExecutionId}`)
    expect(details.json['operatorActions']).to.have.length(1)
    expect((details.json['operatorActions'] as object[])[0]).to.include({ action: 'launch', by: 'launch' })
  })
})

/** `{ '202': 1, '409 instance-running': 19 }` */
function tally(answers: readonly Answered[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { status, json } of answers) {
    const what = json.code === undefined ? String(status) : `${status} ${json.code}`
    counts[what] = (counts[what] ?? 0) + 1
  }
  return counts
}
