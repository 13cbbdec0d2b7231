import { expect } from 'chai'
import fc from 'fast-check'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { ColumnType } from '../../src/postgres/column-type.ts'
import { copyTextEncoder } from '../../src/postgres/copy-text.ts'
import { copyIn } from '../../src/postgres/copy-in.ts'
import { type TestSchema, testSchema, withClient } from './test-schema.ts'

const TEXT: ColumnType = { name: 'text', kind: 'other' }
const JSONB: ColumnType = { name: 'jsonb', kind: 'json' }
const DATE: ColumnType = { name: 'date', kind: 'date' }
const BYTEA: ColumnType = { name: 'bytea', kind: 'bytea' }
const TEXTS: ColumnType = { name: 'text[]', kind: 'array', element: TEXT }

function encoded(value: unknown, type: ColumnType = TEXT): string {
  const encode = copyTextEncoder<{ value: unknown }>([{ name: 'value', type, value: 'value' }])
  return Buffer.concat([...encode([{ value }])]).toString()
}

describe('The COPY text of a value', () => {
  const CASES: readonly (readonly [what: string, value: unknown, type: ColumnType, text: string])[] = [
    ['null', null, TEXT, String.raw`\N`],
    ['undefined', undefined, TEXT, String.raw`\N`],
    ['an empty string', '', TEXT, ''],
    [String.raw`the text \N`, String.raw`\N`, TEXT, String.raw`\\N`],
    [String.raw`the end mark \.`, String.raw`\.`, TEXT, String.raw`\\.`],
    ['tab, newline, return and backslash', 'a\tb\nc\rd\\e', TEXT, String.raw`a\tb\nc\rd\\e`],
    ['a number', -1.5e-7, TEXT, '-1.5e-7'],
    ['not a number', Number.NaN, TEXT, 'NaN'],
    ['a bigint', 9223372036854775807n, TEXT, '9223372036854775807'],
    ['a boolean', true, TEXT, 'true'],
    ['a date and time', new Date('2026-11-22T10:20:30.123Z'), TEXT, '2026-11-22T10:20:30.123Z'],
    ['a date', new Date('2026-11-22T10:20:30.123Z'), DATE, '2026-11-22'],
    ['a year after 9999', new Date(Date.UTC(12345, 0, 2)), TEXT, '12345-01-02T00:00:00.000Z'],
    ['a year before 1', new Date(Date.UTC(-43, 2, 15)), DATE, '0044-03-15 BC'],
    ['bytes', Buffer.from([0, 255]), BYTEA, String.raw`\\x00ff`],
    ['an object as json', { a: 'x\ny', b: [1] }, JSONB, String.raw`{"a":"x\\ny","b":[1]}`],
    ['an array as json', [1, null], JSONB, '[1,null]'],
    ['a date as json', new Date(0), JSONB, '"1970-01-01T00:00:00.000Z"'],
    ['a text as json, which it is already', '{"a":1}', JSONB, '{"a":1}'],
    ['an array', ['a', null, 'b"c\\', 'NULL', ''], TEXTS, String.raw`{"a",NULL,"b\\"c\\\\","NULL",""}`],
    [
      'an array of arrays',
      [
        [1, 2],
        [3, 4],
      ],
      TEXTS,
      '{{1,2},{3,4}}',
    ],
    ['an object with a text of its own', new URL('https://a.example/'), TEXT, 'https://a.example/'],
  ]
  for (const [what, value, type, text] of CASES) {
    it(`is right for ${what}`, () => expect(encoded(value, type)).to.equal(`${text}\n`))
  }

  const REFUSED: readonly (readonly [what: string, value: unknown, type: ColumnType, message: RegExp])[] = [
    ['an object', { a: 1 }, TEXT, /an object does not fit type text/],
    ['an array', [1], TEXT, /an array does not fit type text/],
    ['bytes that are no bytea', Buffer.from('a'), TEXT, /only bytea/],
    ['an invalid date', new Date(Number.NaN), TEXT, /invalid Date/],
    ['a symbol', Symbol('a'), TEXT, /symbol/],
    ['json with a bigint in it', { a: 1n }, JSONB, /no JSON/],
    ['a NUL character', 'a\0b', TEXT, /NUL character/],
    ['half a surrogate pair', 'a\uD800b', TEXT, /surrogate/],
  ]
  for (const [what, value, type, message] of REFUSED) {
    it(`is refused for ${what}, naming item and column`, () => {
      const encode = copyTextEncoder<{ value: unknown }>([{ name: 'note', type, value: 'value' }])
      const items = [
        ...Array.from({ length: 2_000 }, () => ({ value: 'x'.repeat(50) })),
        { value },
        { value: 'y' },
      ]
      try {
        encode(items)
        expect.fail('it was encoded')
      } catch (error) {
        if (!isBatchError(error, 'WRITE_FAILED')) throw error
        expect(error.message)
          .to.match(message)
          .and.to.match(/^item 2001 .* column note/)
        expect(error.details).to.deep.equal({ itemIndex: 2000, column: 'note' })
      }
    })
  }

  it('names the item at which the author’s own function threw', () => {
    const encode = copyTextEncoder<number>([
      { name: 'half', type: TEXT, value: (item) => (item === 3 ? expect.fail('odd') : item) },
    ])
    expect(() => encode([2, 3, 4])).to.throw('item 2 of the chunk cannot be written into column half: odd')
  })
})

describe('Values that were written by COPY', () => {
  let database: TestSchema
  before(async () => {
    database = await testSchema()
    await database.pool.query(
      `create table kept (place int, t text, i int8, f float8, b boolean, at timestamptz, bytes bytea, j jsonb, ts text[], nested text[])`,
    )
  })
  after(() => database.drop())

  const column = (name: string, type: ColumnType): { name: string; type: ColumnType; value: string } => ({
    name,
    type,
    value: name,
  })
  const encode = copyTextEncoder<Record<string, unknown>>([
    column('place', TEXT),
    column('t', TEXT),
    column('i', TEXT),
    column('f', TEXT),
    column('b', TEXT),
    column('at', TEXT),
    column('bytes', BYTEA),
    column('j', JSONB),
    column('ts', TEXTS),
    column('nested', TEXTS),
  ])

  const text = fc.string({ unit: 'grapheme' }).map((one) => one.replaceAll('\0', ''))
  const awkward = fc.string({
    unit: fc.constantFrom('\\', 'N', '.', '\t', '\n', '\r', '"', '{', '}', ',', 'é', '🐦', ' '),
  })
  const item = fc.record({
    t: fc.option(fc.oneof(text, awkward)),
    i: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    f: fc.option(fc.double({ noNaN: true })),
    b: fc.option(fc.boolean()),
    at: fc.option(
      fc.date({
        min: new Date('-004000-01-01T00:00:00Z'),
        max: new Date('+020000-01-01T00:00:00Z'),
        noInvalidDate: true,
      }),
    ),
    bytes: fc.option(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
    j: fc.option(fc.record({ a: fc.array(fc.integer()), b: fc.oneof(awkward, fc.constant(null)) })),
    ts: fc.option(fc.array(fc.option(awkward))),
    nested: fc.option(
      fc.constantFrom(
        [
          ['a', 'b'],
          ['\\', '"'],
        ],
        [[['x']]],
      ),
    ),
  })

  it('are read back as they were', () =>
    withClient(database.pool, (client) =>
      fc.assert(
        fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 40 }), async (items) => {
          await client.query('truncate kept')
          const numbered = items.map((one, place) => ({ ...one, place }))
          await copyIn(client, 'copy kept from stdin', encode(numbered))
          const { rows } = await client.query<Record<string, unknown>>(
            `select t, i::text, f, b, to_char(extract(epoch from at) * 1000, 'FM999999999999999990') as at, bytes, j, ts, nested from kept order by place`,
          )
          expect(rows).to.deep.equal(
            items.map((one) => ({
              ...one,
              i: one.i === null ? null : String(one.i),
              f: one.f === 0 ? rows[items.indexOf(one)]?.['f'] : one.f,
              at: one.at === null ? null : String(one.at.getTime()),
            })),
          )
        }),
        { numRuns: 60 },
      ),
    ))
})
