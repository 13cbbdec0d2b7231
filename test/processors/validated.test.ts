import { expect } from 'chai'
import { z } from 'zod'
import type { StepScope } from '../../src/core/definition/callback-scope.ts'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { FILTERED } from '../../src/core/model/filtered.ts'
import { validated } from '../../src/processors/index.ts'
import { listReader, listWriter } from '../core/items.ts'
import { jobOf, testBatch } from '../core/run-job.ts'

const scope = {} as StepScope<unknown>
const Trade = z.object({
  isin: z.string().length(3),
  legs: z.array(z.object({ price: z.number().positive() })).default([]),
})

describe('validated', () => {
  it('hands on what the schema makes of the item, at once', () => {
    expect(validated(Trade)({ isin: 'ABC' }, scope)).to.deep.equal({ isin: 'ABC', legs: [] })
  })

  it('names path and value of what the schema refuses', () => {
    const refused = () => validated(Trade)({ isin: 'AB', legs: [{ price: 1 }, { price: -2 }] }, scope)
    expect(refused).to.throw(/^isin is 'AB': .*; legs\.1\.price is -2: /)
    try {
      void refused()
      expect.fail('it was accepted')
    } catch (error) {
      expect(isBatchError(error, 'ITEM_INVALID')).to.equal(true)
      expect((error as { details: { issues: readonly object[] } }).details.issues).to.have.length(2)
    }
  })

  it('names an item that is refused as a whole', () => {
    expect(() => validated(Trade)('text', scope)).to.throw(/^the item is 'text': /)
  })

  it('drops what is refused when asked to', () => {
    expect(validated(Trade, { invalid: 'filter' })({ isin: 'AB' }, scope)).to.equal(FILTERED)
  })

  it('waits for an asynchronous schema, from the first item on', async () => {
    const known = z.string().refine(async (isin) => isin === 'ABC')
    const processor = validated(known, { invalid: 'filter' })
    expect(await Promise.all(['ABC', 'XYZ'].map(async (isin) => processor(isin, scope)))).to.deep.equal([
      'ABC',
      FILTERED,
    ])
  })

  it('passes on what the schema itself throws', () => {
    const broken = z.string().transform((): string => {
      throw new TypeError('the schema is broken')
    })
    expect(() => validated(broken)('x', scope)).to.throw(TypeError, 'the schema is broken')
  })

  it('fails the step with the position of the item', async () => {
    const reader = listReader([{ isin: 'ABC' }, { isin: 'TOO LONG' }])
    const { error } = await testBatch().run(
      jobOf((step) => ({
        load: step.chunk({ size: 5 }, { reader, processor: validated(Trade), writer: listWriter() }),
      })),
    )
    expect((error as Error).message).to.include("item 1: isin is 'TOO LONG'")
  })
})
