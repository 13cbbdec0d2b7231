import { expect } from 'chai'
import { NO_COUNTS } from '../../../src/core/model/step-execution.ts'
import { describeBalance, isBalanced } from '../../../src/core/model/step-reconciliation.ts'

describe('The balance of a step', () => {
  const counts = {
    ...NO_COUNTS,
    readCount: 10,
    writeCount: 4,
    filterCount: 3,
    processSkipCount: 2,
    writeSkipCount: 1,
    readSkipCount: 7,
  }

  it('is that every item read was written, filtered or skipped; records skipped in reading stand beside it', () => {
    expect(isBalanced(counts)).to.equal(true)
    for (const kind of [
      'readCount',
      'writeCount',
      'filterCount',
      'processSkipCount',
      'writeSkipCount',
    ] as const)
      expect(isBalanced({ ...counts, [kind]: counts[kind] + 1 }), kind).to.equal(false)
  })

  it('is told with its numbers', () => {
    expect(describeBalance({ ...counts, writeCount: 5 })).to.equal(
      '10 read are not 5 written + 3 filtered + 2 skipped in processing + 1 skipped in writing',
    )
  })
})
