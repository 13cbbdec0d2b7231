import { expect } from 'chai'
import type { QuarantineSummary } from '../../src/core/ports/quarantine-store.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { type ApiTrial, apiTrial, ended } from './api-trial.ts'

describe('The preview of a redrive', () => {
  const memory = memoryRepository()
  let more: (found: QuarantineSummary) => readonly QuarantineSummary[] = () => []
  let lookedUp = 0
  let trial: ApiTrial
  before(() => {
    const summarize: typeof memory.quarantine.summarize = async (selection) => {
      const found = await memory.quarantine.summarize(selection)
      return found.flatMap((one) => [one, ...more(one)])
    }
    const findJobExecution: typeof memory.findJobExecution = (id) => {
      lookedUp += 1
      return memory.findJobExecution(id)
    }
    const repository = { ...memory, findJobExecution, quarantine: { ...memory.quarantine, summarize } }
    trial = apiTrial({ repository })
  })
  after(() => trial.close())
  afterEach(() => (more = () => []))

  it('says what it would take, and launches nothing; afterwards nothing is left', async () => {
    const { jobExecutionId } = await ended(trial.ask, 'skip')
    const path = `/api/v1/executions/${jobExecutionId}/redrive`
    const taken = {
      jobExecutionId,
      items: 1,
      left: 0,
      parts: [{ stepName: 'load', phase: 'process', items: 1, obstacle: null }],
    }
    expect((await trial.ask(`GET ${path}/preview`)).json).to.deep.equal(taken)
    expect(
      (await trial.ask(`GET ${path}/preview?step=load&phase=process`, { as: 'read' })).json,
    ).to.deep.equal(taken)
    const none = { jobExecutionId, items: 0, left: 0, parts: [] }
    for (const query of ['step=other', 'phase=write', 'errorType=TypeError', 'id=999999&id=x'])
      expect((await trial.ask(`GET ${path}/preview?${query}`)).json, query).to.deep.equal(none)
    await trial.ask(`POST ${path}?wait=60s`)
    expect((await trial.ask(`GET ${path}/preview`)).json).to.deep.equal(none)
  })

  it('says why the rest is left, without hidden values, and looks up the execution once', async () => {
    const { jobExecutionId } = await ended(trial.ask, 'skip')
    const path = `GET /api/v1/executions/${jobExecutionId}/redrive/preview`
    const looks = async () => {
      const before = lookedUp
      await trial.ask(path)
      return lookedUp - before
    }
    const ofOne = await looks()
    more = (found) => [
      { ...found, phase: 'write', items: 2 },
      { ...found, state: 'cut', items: 3 },
      { ...found, state: 'held', heldBy: '7', items: 4 },
      { ...found, stepName: 'gone', items: 5 },
    ]
    const { json } = await trial.ask(path)
    expect([json['items'], json['left']]).to.deep.equal([3, 12])
    const parts = json['parts'] as readonly { readonly obstacle: string | null }[]
    expect(parts.map(({ obstacle }) => obstacle)).to.deep.equal([
      null,
      null,
      'they were not kept whole',
      'execution 7 redrives them: wait for it, restart it, or abandon it',
      'job skip has no chunk step gone',
    ])
    expect(await looks()).to.equal(ofOne)
  })
})
