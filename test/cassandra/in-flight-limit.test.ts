import { expect } from 'chai'
import { inFlightLimit } from '../../src/cassandra/write/in-flight-limit.ts'

describe('inFlightLimit', () => {
  it('doubles each round up to the most, until servers have too much to do', () => {
    let now = 0
    const limit = inFlightLimit(200, () => now)
    const round = (milliseconds = 5): void => {
      for (let left = limit.limit(); left > 0; left -= 1) limit.answered(milliseconds)
    }
    expect(limit.limit()).to.equal(32)
    round()
    expect(limit.limit()).to.equal(64)
    round()
    round()
    expect(limit.limit()).to.equal(200)
    now += 1_000
    limit.congested()
    limit.congested()
    expect(limit.limit(), 'once for one trouble').to.equal(100)
    for (let times = 0; times < 5; times += 1) round()
    expect(limit.limit(), 'then about one more each round').to.be.within(103, 105)
    now += 1_000
    round(3_000)
    expect(limit.limit(), 'late answers tell of a queue').to.be.within(51, 52)
    for (let times = 0; times < 20; times += 1) {
      now += 1_000
      limit.congested()
    }
    expect(limit.limit()).to.equal(1)
  })
})
