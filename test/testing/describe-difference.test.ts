import { expect } from 'chai'
import { describeDifference } from '../../src/testing/kill-points/describe-difference.ts'

describe('A difference between two outputs', () => {
  it('is nothing where they are equal', () => {
    expect(describeDifference([{ id: 1 }], [{ id: 1 }])).to.equal(undefined)
    expect(describeDifference('text', 'text')).to.equal(undefined)
  })

  it('of lists names what is there too often, what is not wanted, and what is missing', () => {
    expect(describeDifference([1, 1, 1, 2, 9], [1, 2, 3])).to.equal(
      '2 too often: 1, 1; 1 not wanted: 9; 1 missing: 3',
    )
  })

  it('of lists with the same items is their order', () => {
    expect(describeDifference([2, 1], [1, 2])).to.equal('the same items in another order')
  })

  it('of many items shows a few', () => {
    expect(describeDifference([], [1, 2, 3, 4])).to.equal('4 missing: 1, 2, 3 …')
  })

  it('of anything else shows both, cut where they are long', () => {
    expect(describeDifference({ sum: 1 }, { sum: 2 })).to.equal('{ sum: 1 } instead of { sum: 2 }')
    expect(describeDifference('a'.repeat(500), '')).to.match(/^'a{118}… instead of ''$/)
  })
})
