import { expect } from 'chai'
import { DAY_OF_RETRIES, parseRetryAfter, retryDelay } from '../../src/webhooks/retry-delay.ts'

describe('The wait before the next attempt', () => {
  const delay = (
    triedForMilliseconds: number,
    more: { chance?: number; retryAfterMilliseconds?: number } = {},
  ) => retryDelay(DAY_OF_RETRIES, { triedForMilliseconds, chance: 0.5, ...more })

  it('is 5 seconds at first, doubles, and is never more than an hour', () => {
    let triedFor = 0
    const waits: number[] = []
    for (;;) {
      const wait = delay(triedFor)
      if (wait === undefined) break
      waits.push(wait / 1000)
      triedFor += wait
    }
    expect(waits.slice(0, 12)).to.deep.equal([5, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600])
    expect(Math.max(...waits)).to.equal(3600)
    expect(waits.length).to.be.within(30, 40)
    expect(triedFor).to.equal(86_400_000)
  })

  it('is spread by a quarter to both sides', () => {
    expect([delay(100_000, { chance: 0 }), delay(100_000, { chance: 1 })]).to.deep.equal([75_000, 125_000])
  })

  it('is as long as the receiver asks for, if that is longer, but the last attempt is made after a day', () => {
    expect(delay(0, { retryAfterMilliseconds: 60_000 })).to.equal(60_000)
    expect(delay(100_000, { retryAfterMilliseconds: 1 })).to.equal(100_000)
    expect(delay(86_000_000, { retryAfterMilliseconds: 999_999_999 })).to.equal(400_000)
    expect(delay(86_400_000, { retryAfterMilliseconds: 5 })).to.equal(undefined)
  })

  it('Retry-After is read as seconds or as a date, and else not at all', () => {
    const now = new Date('2026-11-21T02:00:00Z')
    expect(parseRetryAfter('120', now)).to.equal(120_000)
    expect(parseRetryAfter('Sat, 21 Nov 2026 02:01:00 GMT', now)).to.equal(60_000)
    expect(parseRetryAfter('Sat, 21 Nov 2026 01:00:00 GMT', now)).to.equal(0)
    for (const nonsense of [null, '', '-1', 'soon', '1e9', '99999999999999'])
      expect(parseRetryAfter(nonsense, now)).to.equal(undefined)
  })
})
