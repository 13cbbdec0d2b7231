import { expect } from 'chai'
import { z } from 'zod'
import { nonIdentifying, parameterKind } from '../../../src/core/definition/parameter-kind.ts'
import { parametersJsonSchema } from '../../../src/core/definition/parameters-schema.ts'
import { parseParameters, parseParameterTexts } from '../../../src/core/definition/parse-parameters.ts'
import { parseRecordedParameters } from '../../../src/core/definition/recorded-parameters.ts'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import { jobKey } from '../../../src/core/model/job-key.ts'

const schema = z.object({
  file: z.string(),
  businessDate: z.iso.date(),
  at: z.iso.datetime({ offset: true }).optional(),
  since: z.date().optional(),
  mode: z.enum(['full', 'delta']).default('full'),
  limit: z.int().optional(),
  big: z.bigint().optional(),
  ratio: z.number().optional(),
  dry: z.boolean().default(false),
  answer: z.stringbool().optional(),
  chunkSize: nonIdentifying(z.int().min(1)).default(500),
})
const minimum = { file: 'a.csv', businessDate: '2026-11-21' }
const texts = (more: Record<string, string>) => parseParameterTexts('import', schema, { ...minimum, ...more })

async function faultOf(parsing: Promise<unknown>): Promise<string> {
  try {
    await parsing
  } catch (error) {
    if (isBatchError(error, 'INVALID_JOB_PARAMETERS')) return error.message
    throw error
  }
  throw new Error('it was accepted')
}

describe('Parameters from texts', () => {
  it('become what the schema says', async () => {
    const { values } = await texts({
      at: '2026-11-21T02:00:00Z',
      since: '2026-11-21',
      mode: 'delta',
      limit: '12',
      big: '9007199254740993',
      ratio: '1e-5',
      dry: 'false',
      answer: 'yes',
      chunkSize: '7',
    })
    expect(values).to.deep.equal({
      ...minimum,
      at: '2026-11-21T02:00:00Z',
      since: new Date('2026-11-21T00:00:00Z'),
      mode: 'delta',
      limit: 12,
      big: 9007199254740993n,
      ratio: 1e-5,
      dry: false,
      answer: true,
      chunkSize: 7,
    })
  })

  it('take the defaults of what is left out, and leave out what is optional', async () => {
    const { values } = await texts({})
    expect(values).to.deep.equal({ ...minimum, mode: 'full', dry: false, chunkSize: 500 })
  })

  it('are no numbers, booleans or dates when they do not look like one, even where zod would coerce them', async () => {
    const coerced = z.object({ count: z.coerce.number(), flag: z.coerce.boolean(), day: z.coerce.date() })
    const message = await faultOf(parseParameterTexts('import', coerced, { count: '', flag: 'no', day: '5' }))
    expect(message).to.contain('count: expected a number, got ""')
    expect(message).to.contain('flag: expected true or false, got "no"')
    expect(message).to.contain('day: expected a date such as 2026-11-21')
    const { values } = await parseParameterTexts('import', coerced, {
      count: '0',
      flag: 'false',
      day: '2026-11-21',
    })
    expect(values).to.deep.equal({ count: 0, flag: false, day: new Date('2026-11-21') })
  })

  it('are no dates where the calendar has no such day', async () => {
    for (const since of ['2026-02-30', '2026-02-30T02:00:00Z', '2026-02-29'])
      expect(await faultOf(texts({ since }))).to.contain(`since: expected a date such as 2026-11-21`)
    expect((await texts({ since: '2028-02-29' })).values).to.deep.include({ since: new Date('2028-02-29') })
  })

  it('are found to be no numbers at once, however long they are', async () => {
    const before = performance.now()
    expect(await faultOf(texts({ limit: `${'1'.repeat(100_000)}x` }))).to.contain('limit: expected a number')
    expect(performance.now() - before).to.be.lessThan(2_000) // where each digit may be of two parts, a minute
  })

  it('that nobody asked for are refused with a suggestion', async () => {
    expect(await faultOf(texts({ chunksize: '5' }))).to.contain(
      'chunksize: no such parameter. Did you mean chunkSize?',
    )
  })

  it('named like what every object has are unknown like any other', async () => {
    for (const key of ['constructor', '__proto__', 'toString']) {
      const message = await faultOf(
        parseParameterTexts(
          'import',
          schema,
          Object.fromEntries([
            ['file', 'a'],
            ['businessDate', '2026-01-01'],
            [key, '1'],
          ]) as Record<string, string>,
        ),
      )
      expect(message).to.contain(`${key}: no such parameter`)
    }
  })

  it('are all checked before the first fault is reported', async () => {
    const message = await faultOf(parseParameterTexts('import', schema, { mode: 'half', xyzzy: '1' }))
    expect(message).to.contain('file: missing')
    expect(message).to.contain('businessDate: missing')
    expect(message).to.contain('mode: ')
    expect(message).to.contain('xyzzy: no such parameter')
  })
})

describe('Parameters as they are recorded', () => {
  it('have the Java types and texts that Spring knows', async () => {
    const { recorded } = await texts({
      at: '2026-11-21T02:00:00.5+02:00',
      since: '2026-11-21',
      limit: '12',
      big: '-1',
      ratio: '3',
      answer: 'no',
    })
    const shown = Object.fromEntries(
      recorded.map((one) => [one.name, `${one.type.replace('java.', '')} ${one.text}`]),
    )
    expect(shown).to.deep.equal({
      file: 'lang.String a.csv',
      businessDate: 'time.LocalDate 2026-11-21',
      at: 'time.LocalDateTime 2026-11-21T00:00:00.500',
      since: 'time.LocalDateTime 2026-11-21T00:00:00',
      mode: 'lang.String full',
      limit: 'lang.Long 12',
      big: 'lang.Long -1',
      ratio: 'lang.Double 3.0',
      dry: 'lang.Boolean false',
      answer: 'lang.Boolean false',
      chunkSize: 'lang.Long 500',
    })
    expect(recorded.filter((one) => !one.identifying).map((one) => one.name)).to.deep.equal(['chunkSize'])
  })

  it('give the same values and the same key again on a restart', async () => {
    const first = await texts({
      at: '2026-11-21T02:00:00Z',
      since: '2026-11-21T01:02:03.004Z',
      big: '9007199254740993',
      ratio: '0.1',
      answer: 'yes',
    })
    const again = await parseRecordedParameters('import', schema, first.recorded)
    expect(again).to.deep.equal({ ...first, values: { ...first.values, at: '2026-11-21T02:00:00Z' } })
    expect(jobKey(again.recorded)).to.equal(jobKey(first.recorded))
  })

  it('go through a transform once only, not again on a restart', async () => {
    const marked = z.object({
      name: z
        .string()
        .transform((text) => `${text}!`)
        .pipe(z.string()),
      flag: z.stringbool().default(false),
      left: z.int().default(7),
    })
    const first = await parseParameterTexts('import', marked, { name: 'x', flag: 'yes' })
    const again = await parseRecordedParameters('import', marked, first.recorded)
    expect(again).to.deep.equal(first)
    expect(again.values).to.deep.equal({ name: 'x!', flag: true, left: 7 })
  })

  it('are refused when a column could not hold them', async () => {
    expect(
      await faultOf(parseParameters('import', schema, { ...minimum, file: 'x'.repeat(2501) })),
    ).to.contain('file: 2501 characters')
    expect(await faultOf(parseParameters('import', schema, { ...minimum, big: 2n ** 63n }))).to.contain(
      'big: 9223372036854775808 is not a whole number of 64 bits',
    )
    for (const [file, fault] of [
      ['a\0b', 'U+0000'],
      ['a\ud800', 'half a surrogate pair'],
    ] as const)
      expect(await faultOf(parseParameters('import', schema, { ...minimum, file }))).to.contain(
        `file: it holds ${fault === 'U+0000' ? 'the character ' : ''}${fault}`,
      )
  })

  it('are refused where another time would be recorded', async () => {
    for (const at of ['9999-12-31T23:59:59-02:00', '0000-01-01T00:00:00+02:00'])
      for (const name of ['at', 'since'])
        expect(await faultOf(texts({ [name]: at })), at).to.contain(
          `${name}: its year, in UTC, is none from 0000`,
        )
  })
})

describe('A parameter schema', () => {
  it('says what does not identify through every wrapper put around it', () => {
    const marked = nonIdentifying(z.string())
    const wrapped = [
      marked.optional(),
      marked.default('x'),
      marked.nullable().optional(),
      marked.readonly(),
      marked.min(2),
      marked.min(2).optional(),
    ]
    for (const one of wrapped) expect(parameterKind(one)?.identifying).to.equal(false)
    expect(parameterKind(z.string())?.identifying).to.equal(true)
  })

  it('keeps a description that was given before the mark', () => {
    expect(z.globalRegistry.get(nonIdentifying(z.string().describe('who asked')))).to.deep.include({
      description: 'who asked',
    })
  })

  it('knows no type for what Spring could not read', () => {
    for (const one of [
      z.object({}),
      z.array(z.string()),
      z.string().transform(Number),
      z.union([z.string(), z.int()]),
    ]) {
      expect(parameterKind(one)).to.equal(undefined)
    }
    expect(parameterKind(z.string().transform(Number).pipe(z.int()))?.javaType).to.equal('java.lang.Long')
  })

  it('is exported as JSON Schema with what identifies and with formats for dates', () => {
    const exported = parametersJsonSchema(schema)
    expect(exported).to.deep.include({
      type: 'object',
      additionalProperties: false,
      required: ['file', 'businessDate'],
    })
    expect(exported['properties']).to.deep.include({ file: { type: 'string', 'x-identifying': true } })
    expect((exported['properties'] as Record<string, unknown>)['chunkSize']).to.deep.include({
      'x-identifying': false,
      default: 500,
    })
    expect((exported['properties'] as Record<string, unknown>)['since']).to.deep.include({
      type: 'string',
      format: 'date-time',
    })
  })
})
