import { expect } from 'chai'
import { patience } from '../../src/cassandra/patience.ts'

describe('patience', () => {
  const { signal } = new AbortController()

  it('counts the time that failing attempts take, not only the pauses between them', async () => {
    let now = 0
    const waiting = patience(60_000, () => now)
    now += 12_000
    expect(await waiting.pause(signal), 'the first failure').to.equal(true)
    now += 59_999
    expect(await waiting.pause(signal), 'within a minute').to.equal(true)
    now += 1
    expect(await waiting.pause(signal), 'a minute later').to.equal(false)
  })
})
