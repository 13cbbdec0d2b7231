import { expect } from 'chai'
import { parseCqlType } from '../../src/cassandra/cql-type.ts'
import { fitValue } from '../../src/cassandra/fit-value.ts'

describe('fitValue', () => {
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
