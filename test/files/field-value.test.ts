import { expect } from 'chai'
import fc from 'fast-check'
import { fieldConversion } from '../../src/files/field-value.ts'
import type { FieldKind } from '../../src/files/schema-fields.ts'

const plain = (kind: FieldKind) =>
  fieldConversion({ kind, coerced: false, nullable: false, optional: false, required: true }, '')!

describe('field value', () => {
  describe('of a number', () => {
    const number = plain('number')

    it('is what Number makes of the same decimal text', () => {
      const digits = fc.string({ unit: fc.constantFrom('0', '1', '2', '5', '9'), maxLength: 18 })
      const texts = fc
        .tuple(
          fc.constantFrom('', '-', '+'),
          digits,
          fc.constantFrom('', '.'),
          digits,
          fc.constantFrom('', 'e3', 'E-20', 'e400'),
        )
        .map((parts) => parts.join(''))
      fc.assert(
        fc.property(texts, (text) => {
          const value = number(text, 0)
          if (typeof value === 'number') expect(value).to.equal(Number(text))
          else
            expect(
              Number.isFinite(Number(text)) &&
                !/^[+-]?\d{16,}$/.test(text) &&
                /\d/.test(text.split(/e/i)[0]!),
            ).to.equal(false)
        }),
        { numRuns: 2000 },
      )
      const changed = (value: number): boolean =>
        !Number.isSafeInteger(value) && /^-?\d+$/.test(String(value))
      const doubles = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !changed(value))
      fc.assert(
        fc.property(doubles, (value) => {
          expect(number(String(value), 0)).to.equal(Object.is(value, -0) ? 0 : value)
        }),
      )
    })

    it('stays text where the text is no decimal number, or a double would change it', () => {
      for (const text of [
        '',
        ' ',
        ' 1',
        '0x10',
        '1_000',
        '1,5',
        'Infinity',
        'NaN',
        '.',
        '-',
        '1.2.3',
        '--1',
        '1e400',
        '9007199254740993',
        '12345678901234567890',
      ]) {
        expect(number(text, 0)).to.equal(text)
      }
      expect(number('9007199254740991', 0)).to.equal(Number.MAX_SAFE_INTEGER)
      expect(Object.is(number('-0', 0), -0)).to.equal(true)
    })
  })

  it('of a bigint has any size', () => {
    expect(plain('bigint')('+12345678901234567890', 0)).to.equal(12345678901234567890n)
    expect(plain('bigint')('1.0', 0)).to.equal('1.0')
  })

  it('of a boolean is true, false, t or f', () => {
    expect(
      ['true', 'T', 'false', 'F', 'yes', '1', ''].map((text) => plain('boolean')(text, 0)),
    ).to.deep.equal([true, true, false, false, 'yes', '1', ''])
  })

  it('of a date is an ISO 8601 date, or a time with its zone', () => {
    expect(plain('date')('2026-02-01T10:00:00+01:00', 0)).to.deep.equal(new Date('2026-02-01T09:00:00Z'))
    for (const text of ['1.2.2026', '2026-02-01T10:00:00', '2026'])
      expect(plain('date')(text, 0)).to.equal(text)
  })
})
