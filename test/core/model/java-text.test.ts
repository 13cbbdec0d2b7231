import { expect } from 'chai'
import { javaDoubleToString } from '../../../src/core/model/java-text.ts'

describe('A double as Java prints it', () => {
  const printed: readonly (readonly [number, string])[] = [
    [1, '1.0'],
    [0.1, '0.1'],
    [100, '100.0'],
    [1.5e10, '1.5E10'],
    [1e-5, '1.0E-5'],
    [0.001, '0.001'],
    [0.00099, '9.9E-4'],
    [9999999, '9999999.0'],
    [1e7, '1.0E7'],
    [-2.5, '-2.5'],
    [0, '0.0'],
    [-0, '-0.0'],
    [1e21, '1.0E21'],
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
  ]
  for (const [value, text] of printed) {
    it(`prints ${Object.is(value, -0) ? '-0' : value} as ${text}`, () => {
      expect(javaDoubleToString(value)).to.equal(text)
    })
  }
})
