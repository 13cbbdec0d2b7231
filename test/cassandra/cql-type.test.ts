import { expect } from 'chai'
import { describeType, parseCqlType } from '../../src/cassandra/cql-type.ts'

describe('parseCqlType', () => {
  const userTypes = new Map([
    ['address', [{ name: 'street', type: 'text' }]],
    ['Home', [{ name: 'at', type: 'frozen<address>' }]],
  ])

  it('reads types of types, frozen where they are', () => {
    expect(parseCqlType('map<text, frozen<list<int>>>')).to.deep.equal({
      kind: 'map',
      key: { kind: 'text' },
      value: { kind: 'list', of: { kind: 'int' }, frozen: true },
      frozen: false,
    })
    expect(parseCqlType('vector<float, 3>')).to.deep.equal({
      kind: 'vector',
      of: { kind: 'float' },
      dimension: 3,
    })
    expect(parseCqlType('varchar')).to.deep.equal({ kind: 'text' })
    expect(parseCqlType("'org.example.Point'")).to.deep.include({ kind: 'custom' })
  })

  it('finds user-defined types, of quoted names too, within each other', () => {
    expect(parseCqlType('frozen<"Home">', userTypes)).to.deep.equal({
      kind: 'udt',
      name: 'Home',
      fields: [
        {
          name: 'at',
          type: { kind: 'udt', name: 'address', fields: [{ name: 'street', type: { kind: 'text' } }] },
        },
      ],
    })
  })

  it('refuses what is no type', () => {
    for (const text of ['', 'txt', 'list<int', 'list<int>>', 'pile<int>', 'map<int>', 'list<int> x'])
      expect(() => parseCqlType(text, userTypes), text).to.throw(TypeError)
  })

  it('is undone by describeType', () => {
    for (const text of ['map<text, list<int>>', 'tuple<int, set<uuid>>', 'vector<float, 3>', 'duration'])
      expect(describeType(parseCqlType(text))).to.equal(text)
  })
})
