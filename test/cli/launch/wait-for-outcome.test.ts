import { expect } from 'chai'
import type { ApiAnswer, ApiClient } from '../../../src/cli/launch/api-client.ts'
import { waitForOutcome } from '../../../src/cli/launch/wait-for-outcome.ts'
import { fakeClock } from '../../../src/testing/fake-clock.ts'

const AWAY: ApiAnswer = { kind: 'unreachable', reason: 'connect ECONNREFUSED', arrived: false }

describe('Whoever waits for an execution of a server', () => {
  const clock = fakeClock({ autoAdvance: true })

  function wait(get: (path: string) => ApiAnswer) {
    const told: string[] = []
    const client: ApiClient = {
      server: 'http://127.0.0.1:8080',
      get: (path) => Promise.resolve(get(path)),
      post: () => Promise.reject(new Error('nothing is sent')),
    }
    const { signal } = new AbortController()
    const terms = { jobExecutionId: '7', patienceMilliseconds: Infinity, signal, clock }
    return { told, ended: waitForOutcome(client, { ...terms, tell: (line) => told.push(line) }) }
  }

  it('gives up when it has not answered for five minutes', async () => {
    const began = clock.monotonic()
    const { told, ended } = wait(() => AWAY)
    const error: unknown = await ended.catch((one: unknown) => one)
    expect(error).to.include({ code: 'SERVER_UNREACHABLE' })
    expect((clock.monotonic() - began) / 1000).to.be.within(300, 302)
    expect(told).to.deep.equal(['the server does not answer; it is asked again'])
  })

  it('begins to count anew each time it is back', async () => {
    const began = clock.monotonic()
    const minutes = () => (clock.monotonic() - began) / 60_000
    const { told, ended } = wait((path) => {
      const isAway = [0, 1, 2, 3, 5, 6, 7, 8].includes(Math.floor(minutes()))
      if (isAway) return AWAY
      if (path.endsWith('/outcome')) return { kind: 'answered', status: 200, body: { processExitCode: 0 } }
      const status = minutes() < 9 ? 'STARTED' : 'COMPLETED'
      return { kind: 'answered', status: 200, body: { jobExecutionId: '7', status } }
    })
    expect((await ended)?.outcome).to.deep.equal({ processExitCode: 0 })
    const [away, back] = ['the server does not answer; it is asked again', 'the server is back']
    expect(told).to.deep.equal([away, back, away, back])
  })
})
