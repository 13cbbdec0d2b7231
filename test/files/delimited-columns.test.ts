import { expect } from 'chai'
import { z } from 'zod'
import { rowSchema } from '../../src/files/schema-fields.ts'

describe('columns of a delimited file', () => {
  it('have the type, emptiness and need that the schema says, through any wrapping', () => {
    const fieldsOf = (schema: z.ZodType) =>
      [...(rowSchema(schema)?.fields ?? [])].map(([name, field]) => [
        name,
        field.kind,
        field.nullable,
        field.optional,
        field.required,
      ])
    const schema = z.object({
      a: z.number().nullable().optional().readonly(),
      b: z.bigint().default(1n),
      c: z.union([z.date(), z.null(), z.undefined()]),
      d: z.union([z.number(), z.string()]),
      e: z.boolean().optional().nonoptional(),
      f: z.preprocess((value) => value, z.number()),
      g: z.number().transform(String).pipe(z.string()),
      h: z.number().catch(0),
    })
    expect(fieldsOf(schema.refine(() => true).transform((row) => row))).to.deep.equal([
      ['a', 'number', true, true, false],
      ['b', 'bigint', false, true, false],
      ['c', 'date', true, true, true],
      ['d', 'text', false, false, true],
      ['e', 'boolean', false, false, true],
      ['f', 'text', false, false, false],
      ['g', 'number', false, false, true],
      ['h', 'number', false, false, false],
    ])
    expect(rowSchema(z.looseObject({}))?.others).to.equal('kept')
    expect(rowSchema(z.strictObject({}))?.others).to.equal('refused')
    expect(rowSchema(z.record(z.string(), z.string()))).to.equal(undefined)
  })
})
