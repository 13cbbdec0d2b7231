import { expect } from 'chai'
import fc from 'fast-check'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { ContextValue, ExecutionContext } from '../../../src/core/model/execution-context.ts'
import { contextColumns, decodeContextColumns } from '../../../src/repository/postgres/context-columns.ts'
import { decodeContext, encodeContext } from '../../../src/repository/postgres/context-json.ts'

/** As Spring Batch 6 with JacksonExecutionContextStringSerializer writes them, run on Jackson 3. */
const GOLDEN: readonly (readonly [json: string, values: ExecutionContext])[] = [
  ['{}', {}],
  ['{"batch.version":"6.0.4"}', { 'batch.version': '6.0.4' }],
  ['{"reader.read.count":5}', { 'reader.read.count': 5 }],
  ['{"written":["java.lang.Long",120]}', { written: 120n }],
  ['{"long":["java.lang.Long",9223372036854775807]}', { long: 9_223_372_036_854_775_807n }],
  ['{"half":0.5,"yes":true}', { half: 0.5, yes: true }],
  [
    '{"d":["java.time.LocalDate","2026-02-01"]}',
    { d: { javaType: 'java.time.LocalDate', value: '2026-02-01' } },
  ],
  ['{"b":["java.math.BigDecimal",1.5]}', { b: { javaType: 'java.math.BigDecimal', value: 1.5 } }],
  [
    '{"b":["java.math.BigDecimal",1.10000000000000000000001]}',
    { b: { javaType: 'java.math.BigDecimal', value: '1.10000000000000000000001' } },
  ],
  ['{"m":["java.util.HashMap",{"a":1,"l":["java.lang.Long",2]}]}', { m: { a: 1, l: 2n } }],
  ['{"l":["java.util.ArrayList",["a",["java.lang.Long",2],null]]}', { l: ['a', 2n, null] }],
  [
    '{"s":["java.util.HashSet",["a",["java.util.HashMap",{}]]]}',
    { s: { javaType: 'java.util.HashSet', value: ['a', {}] } },
  ],
  ['{"whole":3000000000}', { whole: 3_000_000_000 }],
]

const anyNumber = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 2 ** 53, 2 ** 60, 1e21, -1e300, 5e-324, 2_147_483_648, -2_147_483_649),
)
const anyText = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\u0000', ''))
const { value: anyValue } = fc.letrec<{ value: ContextValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    anyNumber,
    fc.bigInt(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    anyText,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ) as fc.Arbitrary<ContextValue>,
}))
const anyContext = fc.dictionary(
  anyText,
  anyValue.filter((value) => value !== null),
  { maxKeys: 5, noNullPrototype: true },
)

describe('A context as JSON', () => {
  for (const [json, values] of GOLDEN) {
    it(`is what Spring writes and reads: ${json}`, () => {
      expect(decodeContext(json)).to.deep.equal({ kind: 'readable', values })
      expect(encodeContext(values)).to.equal(json)
    })
  }

  it('comes back as it was, whatever it holds', () => {
    fc.assert(
      fc.property(anyContext, (values) => {
        expect(decodeContext(encodeContext(values))).to.deep.equal({ kind: 'readable', values })
        expect(decodeContextColumns(contextColumns(values))).to.deep.equal({ kind: 'readable', values })
      }),
      { numRuns: 2_000 },
    )
  })

  it('is plain JSON, whose lists and maps always stand in wrappers', () => {
    fc.assert(
      fc.property(anyContext, (values) => {
        for (const value of Object.values(JSON.parse(encodeContext(values)) as object)) assertWrapped(value)
      }),
    )
  })

  it('keeps integers, longs and doubles apart', () => {
    expect(encodeContext({ int: 7, long: 7n, double: 7.5, big: 2n ** 80n, far: 2 ** 60, zero: -0 })).to.equal(
      '{"int":7,"long":["java.lang.Long",7],"double":7.5,' +
        '"big":["java.math.BigInteger",1208925819614629174706176],"far":1152921504606847000.0,"zero":-0.0}',
    )
  })

  it('holds keys that are special to JavaScript', () => {
    const values = JSON.parse(
      '{"__proto__":{"__proto__":1,"constructor":2},"toString":3}',
    ) as ExecutionContext
    expect(decodeContext(encodeContext(values))).to.deep.equal({ kind: 'readable', values })
  })

  it('reads what Jackson writes for other lists and maps of Java', () => {
    const json =
      '{"a":["java.util.LinkedHashMap",{"x":1}],"b":["java.util.ImmutableCollections$ListN",[1,2]],"c":1.0,"d":"a\\/b"}'
    expect(decodeContext(json)).to.deep.equal({
      kind: 'readable',
      values: { a: { x: 1 }, b: [1, 2], c: 1, d: 'a/b' },
    })
  })

  it('stays opaque, and untouched, in any other form', () => {
    const java =
      'rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwACRgAKbG9hZEZhY3RvckkACXRocmVzaG9sZHhwP0AAAAAAAAB3CAAAABAAAAAAeA=='
    const jackson2 = '{"@class":"java.util.HashMap","at":["java.lang.Long",5]}'
    expect(decodeContext(java)).to.deep.equal({ kind: 'opaque', form: 'java-serialized', text: java })
    expect(decodeContext(jackson2)).to.deep.equal({ kind: 'opaque', form: 'jackson-2', text: jackson2 })
    for (const text of ['', 'nonsense', '[1]', '7', '{"a":', '{"a":{"b":1}}', '{"a":[1,2,3]}']) {
      expect(decodeContext(text)).to.deep.equal({ kind: 'opaque', form: 'unknown', text })
    }
  })

  it('leaves out nulls at the root, as Spring does', () => {
    expect(encodeContext({ gone: null, kept: { inner: null } })).to.equal(
      '{"kept":["java.util.HashMap",{"inner":null}]}',
    )
  })

  it('refuses what cannot be stored, and says where it stands', () => {
    const refused = [
      [{ a: { b: [1, Number.NaN] } }, /the number NaN \(at 'a\.b\[1\]'\)/],
      [{ a: Number.NEGATIVE_INFINITY }, /the number -Infinity \(at 'a'\)/],
      [{ a: ['x\u0000'] }, /NUL character \(at 'a\[0\]'\)/],
      [{ a: new Date(0) }, /class Date \(at 'a'\)/],
      [{ '@class': 'x' }, /the key '@class'/],
      [{ a: () => 1 }, /a function \(at 'a'\)/],
    ] as const
    for (const [values, message] of refused) {
      expect(() => encodeContext(values as unknown as ExecutionContext))
        .to.throw(message)
        .that.satisfies((error: unknown) => isBatchError(error, 'INVALID_JOB_DEFINITION'))
    }
  })

  it("is cut for the short column by Spring's rule", () => {
    const short = { text: 'x'.repeat(2489) }
    expect(encodeContext(short).length).to.equal(2500)
    expect(contextColumns(short).serializedContext).to.equal(null)
    const { shortContext, serializedContext } = contextColumns({ text: 'x'.repeat(2490) })
    expect(shortContext).to.equal(`{"text":"${'x'.repeat(2492 - 9)} ...`)
    expect(serializedContext?.length).to.equal(2501)
  })
})

function assertWrapped(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  expect(value).to.be.an('array').with.length(2)
  const [javaType, inner] = value as [string, unknown]
  expect(javaType).to.match(/^java\./)
  if (typeof inner !== 'object' || inner === null) return
  for (const one of Object.values(inner)) assertWrapped(one)
}
