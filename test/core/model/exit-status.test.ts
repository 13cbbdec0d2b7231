import { expect } from 'chai'
import fc from 'fast-check'
import { BATCH_STATUSES, isLive } from '../../../src/core/model/batch-status.ts'
import { combineExitStatus, exitStatus } from '../../../src/core/model/exit-status.ts'

const code = (one: string, other: string) => combineExitStatus(exitStatus(one), exitStatus(other)).exitCode

describe('Exit statuses combined', () => {
  it('take the more severe code', () => {
    const rising = ['EXECUTING', 'COMPLETED', 'NOOP', 'STOPPED', 'FAILED', 'UNKNOWN', 'MY OWN WORD']
    for (const [index, lower] of rising.entries()) {
      for (const higher of rising.slice(index)) {
        expect(code(lower, higher)).to.equal(higher)
        expect(code(higher, lower)).to.equal(higher)
      }
    }
  })

  it('rank a code by its beginning, so that COMPLETED WITH SKIPS is a completion', () => {
    expect(code('COMPLETED WITH SKIPS', 'FAILED')).to.equal('FAILED')
    expect(code('COMPLETED', 'COMPLETED WITH SKIPS')).to.equal('COMPLETED WITH SKIPS')
  })

  it('take the alphabetically greater of two words of the author', () => {
    expect(code('BANANA', 'APPLE')).to.equal('BANANA')
  })

  it('join descriptions, unless one is blank or they are equal', () => {
    const joined = (one: string, other: string) =>
      combineExitStatus(exitStatus('A', one), exitStatus('A', other)).exitDescription
    expect(joined('one', 'two')).to.equal('one; two')
    expect(joined('one', '')).to.equal('one')
    expect(joined('', 'two')).to.equal('two')
    expect(joined('one', 'one')).to.equal('one')
  })

  it('do not depend on grouping', () => {
    const codes = fc.constantFrom(
      'EXECUTING',
      'COMPLETED',
      'NOOP',
      'STOPPED',
      'FAILED',
      'UNKNOWN',
      'COMPLETED LATE',
      'X',
      'Y',
    )
    fc.assert(fc.property(codes, codes, codes, (a, b, c) => code(code(a, b), c) === code(a, code(b, c))))
  })
})

describe('Batch statuses', () => {
  it('are live while an owner is at work', () => {
    expect(BATCH_STATUSES.filter(isLive)).to.deep.equal(['STARTING', 'STARTED', 'STOPPING'])
  })
})
