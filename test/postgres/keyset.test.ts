import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import {
  behindCondition,
  decodePosition,
  encodePosition,
  type OrderKey,
  orderClause,
} from '../../src/postgres/keyset.ts'

const asc = (column: string): OrderKey => ({ column, direction: 'asc' })
const desc = (column: string): OrderKey => ({ column, direction: 'desc' })

describe('The condition behind a key', () => {
  it('is a row comparison in one direction', () => {
    expect(behindCondition([asc('id')], ['$1'])).to.equal('"id" > $1')
    expect(behindCondition([asc('a'), asc('b')], ['$1', '$2'])).to.equal('("a", "b") > ($1, $2)')
    expect(behindCondition([desc('a'), desc('b')], ['$1', '$2'])).to.equal('("a", "b") < ($1, $2)')
  })

  it('is spelt out in mixed directions, the first bound in front', () => {
    expect(behindCondition([desc('a'), asc('b'), desc('c')], ['$1', '$2', '$3'])).to.equal(
      '"a" <= $1 and ("a" < $1 or ("a" = $1 and ("b" > $2 or ("b" = $2 and ("c" < $3)))))',
    )
  })

  it('quotes whatever a column is called', () => {
    expect(orderClause([desc('a "b"')])).to.equal('"a ""b""" desc')
  })
})

describe('A keyset checkpoint', () => {
  const order = [desc('booked_on'), asc('id')]
  const checkpoint = encodePosition(order, { items: 7, keys: ['2026-11-22', '9007199254740993'] })

  it('keeps the keys as Postgres wrote them', () => {
    expect(checkpoint).to.deep.equal({
      items: 7,
      order: 'booked_on desc, id',
      after: ['2026-11-22', '9007199254740993'],
    })
    expect(decodePosition(order, checkpoint, 'table trade').keys).to.deep.equal([
      '2026-11-22',
      '9007199254740993',
    ])
  })

  for (const [why, other] of [
    ['another order', encodePosition([asc('id')], { items: 7, keys: ['1'] })],
    ['another reader', { items: 7 }],
    ['no object', 7n],
  ] as const) {
    it(`is refused when it is of ${why}`, () => {
      expect(() => decodePosition(order, other, 'table trade'))
        .to.throw('table trade')
        .and.to.satisfy((error: unknown) => isBatchError(error, 'CHECKPOINT_REFUSED'))
    })
  }
})
