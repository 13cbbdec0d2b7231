import { expect } from 'chai'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { testDatabase } from '../embedded-postgres.ts'
import { wireProxy } from '../repository/postgres/wire-proxy.ts'
import { apiTrial, ended, newName } from './api-trial.ts'

describe('The HTTP API while its Postgres is away', () => {
  it('answers 503 and when to ask again, tells nothing of the database, and stays alive', async () => {
    const database = await testDatabase()
    const proxy = await wireProxy(database.connection)
    const { connection } = proxy
    const repository = await postgresRepository({
      connection,
      schema: database.schema,
      leaseMilliseconds: 6000,
    })
    const { ask, api, batch } = apiTrial({ repository })
    const { jobExecutionId } = await ended(ask, 'greet')
    expect((await ask('GET /readyz')).status).to.equal(200)
    await proxy.close()

    const launch = { json: { parameters: { name: newName() } } }
    const answers = [
      await ask('GET /api/v1/executions'),
      await ask(`GET /api/v1/executions/${jobExecutionId}?wait=30s`),
      await ask(`GET /api/v1/executions/${jobExecutionId}/events`),
      await ask('GET /api/v1/events'),
      await ask('POST /api/v1/jobs/greet/executions', launch),
      await ask(`POST /api/v1/executions/${jobExecutionId}/restart`),
      await ask('POST /api/v1/schedules/hourly/trigger'),
    ]
    for (const { status, json, headers, text } of answers) {
      expect([status, json.code]).to.deep.equal([503, 'database-unavailable'])
      expect(headers.get('retry-after')).to.match(/^\d+$/)
      expect(text).not.to.contain(database.schema).and.not.contain('postgres')
    }
    expect((await ask('GET /readyz')).json['checks']).to.deep.equal({
      database: 'failed',
      schema: 'failed',
      notEnding: 'ok',
    })
    expect((await ask('GET /healthz')).status).to.equal(200)
    api.close()
    await batch.close().catch(() => {})
    await database.close()
  })
})
