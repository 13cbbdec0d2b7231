import { expect } from 'chai'
import { parseCqlType } from '../../src/cassandra/cql-type.ts'
import { fitValue } from '../../src/cassandra/fit-value.ts'
import { restoreValue, type StoredValue, storeValue } from '../../src/cassandra/stored-value.ts'

const userTypes = new Map([
  [
    'address',
    [
      { name: 'street', type: 'text' },
      { name: 'n', type: 'int' },
    ],
  ],
])
const fit = (value: unknown, type: string): unknown => fitValue(value, parseCqlType(type, userTypes))

describe('fitValue', () => {
  it('makes of what is exact the form that the reader gives', () => {
    const cases: readonly (readonly [type: string, given: unknown, fitted: unknown])[] = [
      ['bigint', 7, 7n],
      ['bigint', '-9223372036854775808', -(2n ** 63n)],
      ['varint', '123456789012345678901234567890', 123456789012345678901234567890n],
      ['int', 5n, 5],
      ['decimal', 12.5, '12.5'],
      ['decimal', 10n ** 30n, `1${'0'.repeat(30)}`],
      ['decimal', '1.50E+7', '1.50E+7'],
      ['timestamp', '2026-11-22T08:00:00+02:00', new Date('2026-11-22T06:00:00Z')],
      ['timestamp', 0, new Date(0)],
      ['uuid', '123E4567-E89B-42D3-A456-426614174000', '123e4567-e89b-42d3-a456-426614174000'],
      ['blob', new Uint8Array([1, 2]), Buffer.from([1, 2])],
      ['set<int>', [1, 2], new Set([1, 2])],
      ['map<text, bigint>', { a: 1 }, new Map([['a', 1n]])],
      ['tuple<int, text>', [1], [1, null]],
      ['vector<float, 2>', new Float32Array([1, 2]), [1, 2]],
      ['address', { street: 'Am Markt' }, { street: 'Am Markt', n: null }],
      ['text', new URL('https://example.org/'), 'https://example.org/'],
      ['date', '-0005-01-31', '-0005-01-31'],
      ['date', '2147483647', '2147483647'],
      ['duration', '-3mo12h', '-3mo12h'],
    ]
    for (const [type, given, fitted] of cases)
      expect(fit(given, type), `${type} of ${String(given)}`).to.deep.equal(fitted)
  })

  it('refuses what a driver would cut, wrap or replace', () => {
    const cases: readonly (readonly [type: string, value: unknown])[] = [
      ['int', 2 ** 31],
      ['int', 1.5],
      ['int', '5'],
      ['tinyint', 128],
      ['bigint', 2n ** 63n],
      ['bigint', 2 ** 60],
      ['bigint', '5.0'],
      ['text', 7],
      ['text', '\uD83D'],
      ['text', {}],
      ['text', new Date()],
      ['ascii', 'ü'],
      ['boolean', 1],
      ['double', '1.5'],
      ['decimal', Number.NaN],
      ['decimal', '1,5'],
      ['date', '2026-02-30'],
      ['date', new Date()],
      ['time', '24:00:00'],
      ['timestamp', '2026-11-22 08:00:00'],
      ['timestamp', new Date(Number.NaN)],
      ['timeuuid', '123e4567-e89b-42d3-a456-426614174000'],
      ['uuid', 'x'],
      ['inet', '1.2.3'],
      ['duration', '1h1y'],
      ['duration', ''],
      ['blob', 'text'],
      ['list<int>', new Set([1])],
      ['list<int>', [1, null]],
      ['set<int>', 1],
      ['map<int, int>', [1]],
      ['map<text, int>', { a: undefined }],
      ['tuple<int>', [1, 2]],
      ['vector<float, 2>', [1]],
      ['address', { stret: 'Am Markt' }],
    ]
    for (const [type, value] of cases)
      expect(() => fit(value, type), `${type} of ${String(value)}`).to.throw(TypeError)
  })

  it('says of a refused text how long it is, and nothing of what it says', () => {
    expect(() => fit('secret', 'uuid')).to.throw('uuid takes the text of a UUID, not text of 6 characters')
  })
})

describe('storeValue', () => {
  it('is undone by restoreValue after JSON, for every type', () => {
    const cases: readonly (readonly [type: string, value: unknown])[] = [
      ['bigint', 2n ** 62n],
      ['double', Number.NaN],
      ['double', -0],
      ['float', -Infinity],
      ['timestamp', new Date('2026-11-22T08:00:00.123Z')],
      ['blob', Buffer.from([0, 255])],
      ['list<frozen<map<int, bigint>>>', [new Map([[1, 2n]])]],
      ['set<blob>', new Set([Buffer.from([1])])],
      ['tuple<int, timestamp>', [null, new Date(0)]],
      ['address', { street: null, n: 3 }],
      ['boolean', false],
      ['text', ''],
    ]
    for (const [text, value] of cases) {
      const type = parseCqlType(text, userTypes)
      const stored = JSON.parse(JSON.stringify(storeValue(value as never, type))) as StoredValue
      expect(restoreValue(stored, type), text).to.deep.equal(value)
    }
  })
})

describe('fitValue, at the edges of types', () => {
  const refused: Readonly<Record<string, readonly unknown[]>> = {
    timestamp: [
      1.5,
      '2026-02-31T00:00:00Z',
      '2026-01-01T00:00:00.123456Z',
      '2026-01-01T25:00:00Z',
      '2026-01-01T00:00:00',
      new Date(NaN),
    ],
    float: [1e39, -1e39, '1'],
    'vector<float, 2>': [[1e39, 0]],
    date: ['2147483648', '-2147483649', '9999999999', '2026-02-29'],
    duration: [
      '9223372036854775808ns',
      '2562048h',
      '2147483648d',
      '306783379w',
      '2147483648mo',
      '178956971y',
    ],
    inet: ['fe80::1%eth0', '1.2.3'],
  }
  for (const [type, values] of Object.entries(refused)) {
    it(`refuses what would be another value of type ${type}`, () => {
      for (const value of values)
        expect(() => fitValue(value, parseCqlType(type)), String(value)).to.throw(TypeError, /takes/)
    })
  }

  it('makes of a float what the table keeps of it, so that it is known again', () => {
    expect(fitValue(0.1, parseCqlType('float'))).to.equal(Math.fround(0.1))
  })

  it('takes the outermost values of each type', () => {
    const taken: Readonly<Record<string, readonly (string | number)[]>> = {
      float: [3.4028234663852886e38, Infinity],
      date: ['2147483647', '-2147483648'],
      duration: ['9223372036854775807ns', '-2147483647mo2147483647d', '178956970y7mo'],
    }
    for (const [type, values] of Object.entries(taken))
      for (const value of values) expect(fitValue(value, parseCqlType(type))).to.equal(value)
    expect(fitValue(NaN, parseCqlType('float'))).to.deep.equal(NaN)
    for (const text of ['2026-01-01T00:00Z', '2026-01-01T01:00:00+01:00', '2026-01-01T00:00:00.000000Z'])
      expect(fitValue(text, parseCqlType('timestamp'))).to.deep.equal(new Date('2026-01-01'))
  })
})
