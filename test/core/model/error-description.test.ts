import { inspect } from 'node:util'
import { expect } from 'chai'
import fc from 'fast-check'
import { causeChain, cutText, describeError, thrownText } from '../../../src/core/model/error-description.ts'

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

describe('The description of an error', () => {
  it('names each cause before the stack', () => {
    const error = new Error('outer', { cause: new TypeError('middle', { cause: new RangeError('root') }) })
    expect(describeError(error)).to.match(
      /^Error: outer\ncaused by TypeError: middle\ncaused by RangeError: root\n\s+at /,
    )
  })

  it('keeps the root cause readable when the outer message alone would fill the column', () => {
    const text = describeError(new Error('x'.repeat(10_000), { cause: new Error('the disk is full') }))
    expect(text).to.have.lengthOf.at.most(2500)
    expect(text).to.contain('caused by Error: the disk is full')
  })

  it('keeps the root cause of fifty long causes', () => {
    let error = new Error('the disk is full')
    for (let depth = 0; depth < 18; depth += 1)
      error = new Error(`layer ${depth} ${'y'.repeat(900)}`, { cause: error })
    expect(describeError(error)).to.contain('the disk is full')
  })

  it('survives a cause that bites its own tail, and things that are no errors', () => {
    const error: Error & { cause?: unknown } = new Error('round')
    error.cause = error
    expect(describeError(error)).to.match(/^Error: round\n\s+at /)
    expect(describeError('just text')).to.equal('just text')
    expect(describeError(undefined)).to.equal('undefined was thrown')
    expect(describeError(null)).to.equal('null was thrown')
    expect(describeError(Object.assign(new Error('x'), { message: null, name: 7 }))).to.match(/^7: null\n/)
    expect(thrownText({ [inspect.custom]: () => expect.fail('not to be shown') })).to.equal(
      'something that cannot be shown was thrown',
    )
  })

  it('has no stack where something else than a text stands in its place', () => {
    for (const stack of [5, [], null, undefined])
      expect(describeError(Object.assign(new Error('x'), { stack }))).to.equal('Error: x')
    const hidden = Object.defineProperty(new Error('x'), 'stack', {
      get: () => expect.fail('not to be read'),
    })
    expect(describeError(hidden)).to.equal('Error: x')
  })

  it('ends its causes at one that is null, and begins them with whatever was thrown', () => {
    const error = new Error('outer', { cause: null })
    expect(causeChain(error)).to.deep.equal([error])
    expect(causeChain(null)).to.deep.equal([null])
    expect(causeChain(undefined)).to.deep.equal([undefined])
  })

  it('is never longer than the column, never splits a character, and holds no NUL', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.integer({ min: 10, max: 200 }),
        (text, limit) => {
          const cut = cutText(text, limit)
          expect(cut.length).to.be.at.most(limit)
          expect(cut).not.to.contain('\u0000')
          if (!LONE_SURROGATE.test(text)) expect(cut).not.to.match(LONE_SURROGATE)
        },
      ),
    )
  })
})
