import { expect } from 'chai'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { apiTrial } from './api-trial.ts'

describe('Readiness', () => {
  it('is denied in time where the database gives no answer, which is asked once however many want to know', async () => {
    const memory = memoryRepository()
    let asked = 0
    let answer = (): void => {}
    const silence = new Promise<void>((resolve) => (answer = resolve))
    const listJobExecutions: typeof memory.listJobExecutions = async (filter) => {
      asked += 1
      await silence
      return memory.listJobExecutions(filter)
    }
    const trial = apiTrial({ repository: { ...memory, listJobExecutions } })
    const probes = Array.from({ length: 20 }, () => trial.ask('GET /readyz', { as: 'nobody' }))
    for (const { status, json } of await Promise.all(probes)) {
      expect([status, json.code]).to.deep.equal([503, 'not-ready'])
      expect(json['checks']).to.deep.equal({ database: 'failed', notEnding: 'ok' })
    }
    expect(asked).to.equal(1)
    answer()
    await silence
    expect((await trial.ask('GET /readyz')).status).to.equal(200)
    await trial.close()
  })
})
