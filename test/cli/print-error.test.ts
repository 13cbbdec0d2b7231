import { expect } from 'chai'
import { failureLines } from '../../src/cli/print-error.ts'
import { BatchError } from '../../src/core/model/batch-error.ts'

describe('Why a run failed', () => {
  it('says each message once, the root cause last, and where the author’s code threw it', () => {
    const cause = new Error('quantity is missing')
    const error = new BatchError(
      'PROCESS_FAILED',
      'Step load could not process item 7: quantity is missing',
      {
        cause,
      },
    )
    const lines = failureLines(error, 'brief')
    expect(lines[0]).to.equal('Step load could not process item 7: quantity is missing')
    expect(lines.filter((line) => line.includes('quantity is missing'))).to.have.lengthOf(1)
    expect(lines.at(-1)).to.match(/^ {2}at .*print-error\.test/)
  })

  it('of several branches says each, without their stacks', () => {
    const error = new AggregateError(
      [new Error('a is broken'), new Error('b is broken')],
      '2 branches have failed: left, right',
    )
    const lines = failureLines(error, 'brief')
    expect(lines[0]).to.equal('2 branches have failed: left, right')
    expect(lines.filter((line) => !line.startsWith('  at '))).to.deep.equal([
      lines[0],
      'a is broken',
      'b is broken',
    ])
    expect(lines).to.have.lengthOf(5)
  })
})
