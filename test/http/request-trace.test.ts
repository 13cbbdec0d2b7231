import { expect } from 'chai'
import type { TraceContext } from '../../src/core/ports/tracing.ts'
import type { ExecutionPool } from '../../src/pool/execution-pool.ts'
import { type ApiTrial, apiTrial, ended, newName } from './api-trial.ts'

const HEADERS = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'vendor=1',
}

describe('The trace of a request that launches', () => {
  let trial: ApiTrial
  const told: (TraceContext | undefined)[] = []
  before(() => {
    trial = apiTrial({ poolAround: (pool) => telling(pool, told) })
  })
  beforeEach(() => void (told.length = 0))
  after(() => trial.close())

  it('goes on in the run, whatever launches it', async () => {
    const failed = await ended(trial.ask, 'fail')
    const skipped = await ended(trial.ask, 'skip')
    told.length = 0
    const asked = { headers: HEADERS }
    const parameters = { name: newName() }
    await trial.ask('POST /api/v1/jobs/greet/executions?wait=30s', { ...asked, json: { parameters } })
    await trial.ask(`POST /api/v1/executions/${failed.jobExecutionId}/restart?wait=30s`, asked)
    await trial.ask(`POST /api/v1/executions/${skipped.jobExecutionId}/redrive?wait=30s`, asked)
    await trial.ask('POST /api/v1/schedules/hourly/trigger', asked)
    expect(told).to.deep.equal([HEADERS, HEADERS, HEADERS, HEADERS])
  })

  it('is none where the request says none', async () => {
    await ended(trial.ask, 'greet')
    expect(told).to.deep.equal([undefined])
  })
})

/** Notes what each launch is told of a trace. */
function telling(pool: ExecutionPool, told: (TraceContext | undefined)[]): ExecutionPool {
  const note =
    <O extends { readonly traceContext?: TraceContext }, A>(launch: (order: O) => A) =>
    (order: O): A => {
      told.push(order.traceContext)
      return launch(order)
    }
  return {
    ...pool,
    launch: note(pool.launch),
    restart: note(pool.restart),
    redrive: note(pool.redrive),
    trigger: note(pool.trigger),
  }
}
