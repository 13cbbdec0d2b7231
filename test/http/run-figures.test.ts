import { expect } from 'chai'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { type ApiTrial, apiTrial, ended } from './api-trial.ts'

describe('Figures of the HTTP API', () => {
  const clock = fakeClock({ now: '2026-11-21T12:10:00Z' })
  let trial: ApiTrial
  before(() => {
    trial = apiTrial({ repository: memoryRepository({ clock }), clock })
  })
  after(() => trial.close())

  it('of hours show each of them, also those in which nothing was done', async () => {
    await ended(trial.ask, 'greet')
    await clock.advance(2 * 3_600_000)
    await ended(trial.ask, 'greet')
    await ended(trial.ask, 'fail')
    const { json } = await trial.ask('GET /api/v1/hours?window=4h')
    expect(json['since']).to.equal('2026-11-21T11:00:00.000Z')
    const none = { started: 0, completed: 0, failed: 0, stopped: 0 }
    expect(json['hours']).to.deep.equal([
      { hour: '2026-11-21T11:00:00.000Z', ...none },
      { hour: '2026-11-21T12:00:00.000Z', ...none, started: 1, completed: 1 },
      { hour: '2026-11-21T13:00:00.000Z', ...none },
      { hour: '2026-11-21T14:00:00.000Z', ...none, started: 2, completed: 1, failed: 1 },
    ])
    expect((await trial.ask('GET /api/v1/hours')).json['hours']).to.have.length(24)
    expect((await trial.ask('GET /api/v1/hours?window=31d')).json['hours']).to.have.length(744)
    expect((await trial.ask('GET /api/v1/hours?window=1w')).json['hours']).to.have.length(168)
  })

  it('of hours are not asked for too many', async () => {
    for (const window of ['0h', '32d', '745h', '5m', '5w', 'x']) {
      const { status, json } = await trial.ask(`GET /api/v1/hours?window=${window}`)
      expect([window, status, json.code]).to.deep.equal([window, 422, 'invalid-request'])
    }
  })

  it('of a typical run are the medians of its steps', async () => {
    await ended(trial.ask, 'skip')
    const { json } = await trial.ask('GET /api/v1/jobs/skip/typical')
    expect(json).to.deep.equal({
      jobName: 'skip',
      executions: 1,
      medianMilliseconds: 0,
      steps: [
        { stepName: 'load', executions: 1, medianMilliseconds: 0, medianReadCount: 3, medianWriteCount: 2 },
      ],
    })
    const none = await trial.ask('GET /api/v1/jobs/split/typical')
    expect(none.json).to.deep.include({ executions: 0, medianMilliseconds: null, steps: [] })
  })
})
