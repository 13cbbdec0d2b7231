import { expect } from 'chai'
import { pino } from 'pino'
import { createReadiness } from '../../src/http/readiness.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { testDatabase } from '../embedded-postgres.ts'
import { apiTrial } from './api-trial.ts'

describe('Readiness', () => {
  it('is denied in time where the database gives no answer, which is asked once however many want to know', async () => {
    const memory = memoryRepository()
    let asked = 0
    let answer = (): void => {}
    const silence = new Promise<void>((resolve) => (answer = resolve))
    const checkTables = async (): Promise<void> => {
      asked += 1
      await silence
    }
    const trial = apiTrial({ repository: { ...memory, checkTables } })
    const probes = Array.from({ length: 20 }, () => trial.ask('GET /readyz', { as: 'nobody' }))
    for (const { status, json } of await Promise.all(probes)) {
      expect([status, json.code]).to.deep.equal([503, 'not-ready'])
      expect(json['checks']).to.deep.equal({ database: 'failed', schema: 'failed', notEnding: 'ok' })
    }
    expect(asked).to.equal(1)
    answer()
    await silence
    expect((await trial.ask('GET /readyz')).status).to.equal(200)
    await trial.close()
  })

  it('is denied where the tables are not those of this version', async () => {
    const database = await testDatabase()
    const repository = await postgresRepository({ connection: database.connection, schema: database.schema })
    const trial = apiTrial({ repository })
    expect((await trial.ask('GET /readyz')).json).to.deep.include({
      status: 'ready',
      checks: { database: 'ok', schema: 'ok', notEnding: 'ok' },
    })
    await database.pool.query(
      `update ${database.schema}.batch_batchwright_migration set name = 'OfALaterVersion' where id = 1`,
    )
    const { status, json } = await trial.ask('GET /readyz')
    expect(status).to.equal(503)
    expect(json['checks']).to.deep.equal({ database: 'ok', schema: 'failed', notEnding: 'ok' })
    await trial.close()
    await database.close()
  })

  it('is logged when it is lost and when it is back, however often it is asked for', async () => {
    const lines: string[] = []
    const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) })
    let isAway = true
    const check = async (): Promise<void> => {
      if (isAway) throw new Error('away')
    }
    const isReady = createReadiness([{ name: 'database', check }], logger)
    for (let probe = 0; probe < 3; probe += 1) expect(await isReady()).to.deep.equal({ database: 'failed' })
    isAway = false
    for (let probe = 0; probe < 3; probe += 1) expect(await isReady()).to.deep.equal({ database: 'ok' })
    expect(lines).to.deep.equal(['not ready', 'ready again'])
  })
})
