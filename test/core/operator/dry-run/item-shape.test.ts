import { expect } from 'chai'
import { createShapeCollector } from '../../../../src/core/operator/dry-run/item-shape.ts'

function fieldsOf(items: readonly unknown[]) {
  const collector = createShapeCollector()
  for (const item of items) collector.add(item)
  const { count, fields } = collector.shape()
  expect(count).to.equal(items.length)
  return Object.fromEntries(fields.map(({ path, ...field }) => [path, field]))
}

describe('The shape of items', () => {
  it('has each field with its types, lengths, values and examples', () => {
    const fields = fieldsOf([
      { isin: 'ABC', quantity: 3, at: new Date(0) },
      { isin: 'ABCDE', quantity: -1.5, at: new Date(1000) },
      { isin: 'ABC', quantity: 10n, at: null },
    ])
    expect(fields['isin']).to.deep.equal({
      types: { string: 3 },
      nullShare: 0,
      absentShare: 0,
      lengths: { min: 3, max: 5 },
      values: null,
      examples: ['"ABC"', '"ABCDE"'],
    })
    expect(fields['quantity']).to.deep.include({
      types: { number: 2, bigint: 1 },
      values: { min: '-1.5', max: '10' },
    })
    expect(fields['at']).to.deep.include({
      types: { date: 2, null: 1 },
      nullShare: 1 / 3,
      values: { min: '1970-01-01T00:00:00.000Z', max: '1970-01-01T00:00:01.000Z' },
    })
  })

  it('tells null from absent, and takes undefined for absent', () => {
    const fields = fieldsOf([{ a: null }, { a: undefined }, {}, { a: 1 }])
    expect(fields['a']).to.deep.include({ nullShare: 0.25, absentShare: 0.5 })
  })

  it('goes into objects and lists, and measures what is absent there by its parents', () => {
    const fields = fieldsOf([
      { customer: { name: 'Ann' }, legs: [{ price: 1 }, { price: 2 }, {}] },
      { customer: {}, legs: [] },
      {},
    ])
    expect(Object.keys(fields)).to.deep.equal(['customer', 'customer.name', 'legs', 'legs[]', 'legs[].price'])
    expect(fields['customer']?.absentShare).to.equal(1 / 3)
    expect(fields['customer.name']?.absentShare).to.equal(0.5)
    expect(fields['legs']?.lengths).to.deep.equal({ min: 0, max: 3 })
    expect(fields['legs[].price']?.absentShare).to.equal(1 / 3)
  })

  it('shows items that are no objects by themselves, bytes and instances by their kind', () => {
    expect(fieldsOf([1, 'two'])['']?.types).to.deep.equal({ number: 1, string: 1 })
    const fields = fieldsOf([{ raw: Buffer.from('abc'), url: new URL('http://a/') }])
    expect(fields['raw']).to.deep.include({ types: { bytes: 1 }, lengths: { min: 3, max: 3 } })
    expect(fields['url']?.types).to.deep.equal({ URL: 1 })
  })

  it('cuts long examples, and does not grow with keys that are never the same', () => {
    expect(fieldsOf([{ text: 'x'.repeat(100) }])['text']?.examples[0]).to.have.length(40)
    const keys = Array.from({ length: 1000 }, (_, index) => ({ [`key${index}`]: index }))
    expect(Object.keys(fieldsOf(keys)).length).to.be.below(201)
  })

  it('comes to an end for an item that holds itself', () => {
    const ring: Record<string, unknown> = {}
    ring['self'] = ring
    expect(Object.keys(fieldsOf([ring]))).to.have.length(4)
  })
})
