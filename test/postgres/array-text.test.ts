import { expect } from 'chai'
import fc from 'fast-check'
import { parseArrayText } from '../../src/postgres/array-text.ts'
import { elementText } from '../../src/postgres/column-type.ts'

const same = (text: string): string => text

describe('Array literals', () => {
  it('are read back as they were written', () =>
    fc.assert(
      fc.property(fc.array(fc.option(fc.string({ unit: 'grapheme' }))), (texts) => {
        expect(parseArrayText(`{${texts.map(elementText).join(',')}}`, ',', same)).to.deep.equal(texts)
      }),
    ))

  it('are read with nesting, bounds and other delimiters', () => {
    expect(parseArrayText('{{1,NULL},{3,4}}', ',', Number)).to.deep.equal([
      [1, null],
      [3, 4],
    ])
    expect(parseArrayText('[2:3]={7,8}', ',', BigInt)).to.deep.equal([7n, 8n])
    expect(parseArrayText('{(1,1),(0,0);(2,2),(1,1)}', ';', same)).to.deep.equal([
      '(1,1),(0,0)',
      '(2,2),(1,1)',
    ])
    expect(parseArrayText('{}', ',', same)).to.deep.equal([])
  })

  for (const text of ['', '1,2', '{1', '{"a', '{1}}', '{1}x']) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      expect(() => parseArrayText(text, ',', same)).to.throw(SyntaxError))
  }
})
