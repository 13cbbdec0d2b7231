import { expect } from 'chai'
import { BatchError, isBatchError } from '../../src/core/model/batch-error.ts'
import { packError, unpackError } from '../../src/pool/packed-error.ts'

/** As it is on the other side of a channel. */
const sent = (error: unknown) => unpackError(structuredClone(packError(error)))

describe('An error that crosses a channel', () => {
  it('keeps code, message, details with their types, and its causes', () => {
    const cause = new TypeError('no such column', { cause: 'the first of all' })
    const details = { at: new Date(0), count: 12n, names: ['a'] }
    const error = sent(new BatchError('WRITE_FAILED', 'it was rolled back', { details, cause }))
    expect(isBatchError(error, 'WRITE_FAILED')).to.equal(true)
    expect(error).to.deep.include({ message: 'it was rolled back', details })
    const inner = error.cause as Error
    expect([inner.name, inner.message, (inner.cause as Error).message]).to.deep.equal([
      'TypeError',
      'no such column',
      'the first of all',
    ])
  })

  it('keeps of details that cannot be cloned what JSON has of them', () => {
    const error = sent(
      new BatchError('READ_FAILED', 'no', { details: { read: () => 1, count: 2n, file: 'x' } }),
    )
    expect((error as BatchError).details).to.deep.equal({ count: '2', file: 'x' })
  })

  it('is no BatchError where it was none, or where its code is not known here', () => {
    expect(isBatchError(sent(new Error('plain')))).to.equal(false)
    expect(sent('a text').message).to.equal('a text')
    const packed = packError(new BatchError('READ_FAILED', 'of a later version'))
    const unknown = unpackError({ ...packed, code: 'NEVER_HEARD_OF' as never })
    expect([isBatchError(unknown), unknown.message]).to.deep.equal([false, 'of a later version'])
  })

  it('does not end in a circle of causes', () => {
    const error = new Error('round')
    error.cause = error
    expect(sent(error).message).to.equal('round')
  })
})
