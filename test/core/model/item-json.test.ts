import { expect } from 'chai'
import { decodeItem, encodeItem } from '../../../src/core/model/item-json.ts'

describe('An item as JSON text', () => {
  const kept: Readonly<Record<string, unknown>> = {
    'plain JSON': { isin: 'US0378331005', tags: ['a', null, true], nested: { price: 0.1 }, empty: {} },
    'bigints beside numbers': { id: 12n, large: 12_345_678_901_234_567_890n, number: 12 },
    undefined,
    'undefined in a field': { note: undefined },
    'numbers that JSON has not': [Number.NaN, Infinity, -Infinity, -0],
    'a time': { at: new Date('2026-11-21T02:00:00.123Z'), never: new Date(Number.NaN) },
    'maps and sets': new Map<unknown, unknown>([[{ a: 1n }, new Set([1, new Date(0)])]]),
    bytes: { buffer: Buffer.from([0, 255]), bytes: new Uint8Array([1, 2, 3]) },
    'keys that look like our tags': {
      $date: 'mine',
      inner: { $bigint: '1' },
      $$: 1,
      $: 2,
      one: { $set: [] },
    },
    'a NUL and half a surrogate pair': ['a\u0000b', 'a\ud800c', 'whole \u{1f600}'],
    'a key named __proto__': JSON.parse('{"__proto__": {"a": 1}}') as unknown,
  }
  for (const [what, item] of Object.entries(kept)) {
    it(`keeps ${what}`, () => {
      const text = encodeItem(item)
      expect(text, 'Postgres can look into it').to.not.match(/\\u0000|\\ud[89a-f]/)
      expect(decodeItem(text)).to.deep.equal(item)
    })
  }

  it('keeps the class of bytes', () => {
    expect(Buffer.isBuffer(decodeItem(encodeItem(Buffer.from('a'))))).to.equal(true)
    expect(Buffer.isBuffer(decodeItem(encodeItem(new Uint8Array(1))))).to.equal(false)
  })

  const circle: { self?: unknown } = {}
  circle.self = [circle]
  const refused: Readonly<Record<string, readonly [item: unknown, reason: RegExp]>> = {
    'a function': [{ a: () => 1 }, /the item\.a is a function/],
    'a symbol': [Symbol('s'), /symbol/],
    'an object of a class': [{ at: [new URL('http://a')] }, /the item\.at\[0\] is an object of class URL/],
    'a class that extends a kept one': [new (class Money extends Map {})(), /class Money/],
    'a circle': [circle, /the item\.self\[0\] holds itself/],
    // oxlint-disable-next-line no-sparse-arrays
    'a list with a hole': [[1, , 3], /hole at 1/],
    'a key with NUL': [{ 'a\u0000': 1 }, /has the key "a\\u0000"/],
    'a key that is a symbol': [{ [Symbol('k')]: 1 }, /Symbol\(k\)/],
  }
  for (const [what, [item, reason]] of Object.entries(refused)) {
    it(`refuses ${what}, and says where`, () => {
      expect(() => encodeItem(item)).to.throw(reason)
    })
  }

  it('refuses a text that it has not made', () => {
    expect(() => decodeItem('{"$money":1}')).to.throw(SyntaxError, /\$money/)
  })
})
