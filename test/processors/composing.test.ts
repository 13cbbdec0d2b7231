import { expect } from 'chai'
import type { StepScope } from '../../src/core/definition/callback-scope.ts'
import { FILTERED } from '../../src/core/model/filtered.ts'
import { classify, composeProcessors, filter, peek } from '../../src/processors/index.ts'

const scope = { parameters: { add: 10 } } as StepScope<{ readonly add: number }>

describe('composeProcessors', () => {
  const plus = (item: number, { parameters }: typeof scope) => item + parameters.add

  it('hands each output to the next processor, with the scope, and stays synchronous', () => {
    const composed = composeProcessors(
      plus,
      (item) => `<${item}>`,
      (text) => text.length,
    )
    expect(composed(1, scope)).to.equal(4)
  })

  it('ends at the first that filters', () => {
    const seen: unknown[] = []
    const composed = composeProcessors(
      filter((item: number) => item > 1),
      peek((item) => void seen.push(item)),
    )
    expect([1, 2].map((item) => composed(item, scope))).to.deep.equal([FILTERED, 2])
    expect(seen).to.deep.equal([2])
  })

  it('waits for those that are asynchronous, and for no others', async () => {
    const composed = composeProcessors(
      plus,
      async (item) => (item > 100 ? FILTERED : item * 2),
      (item) => item + 1,
    )
    const output = composed(1, scope)
    expect(output).to.be.instanceOf(Promise)
    expect(await output).to.equal(23)
    expect(await composed(100, scope)).to.equal(FILTERED)
  })

  it('takes null and undefined for outputs like any other', () => {
    const composed = composeProcessors(
      (item: number) => (item === 0 ? null : undefined),
      (nothing) => [nothing],
    )
    expect([0, 1].map((item) => composed(item, scope))).to.deep.equal([[null], [undefined]])
  })

  it('lets the error of a processor through', async () => {
    const failing = composeProcessors(plus, () => {
      throw new Error('no')
    })
    expect(() => failing(1, scope)).to.throw('no')
  })
})

describe('peek', () => {
  it('hands the item on, after an asynchronous look only', async () => {
    const seen: number[] = []
    expect(peek((item: number) => void seen.push(item))(1, scope)).to.equal(1)
    const later = peek(async (item: number) => void seen.push(item))(2, scope)
    expect(await later).to.equal(2)
    expect(seen).to.deep.equal([1, 2])
  })
})

describe('filter', () => {
  it('keeps items for which the predicate holds, also an asynchronous one', async () => {
    const odd = filter((item: number) => item % 2 === 1)
    expect([odd(1, scope), odd(2, scope)]).to.deep.equal([1, FILTERED])
    const later = filter(async (item: number) => item % 2 === 1)
    expect(await Promise.all([later(1, scope), later(2, scope)])).to.deep.equal([1, FILTERED])
  })
})

describe('classify', () => {
  const signed = classify((item: number) => (item < 0 ? 'loss' : 'gain'), {
    loss: (item) => `-${Math.abs(item)}`,
    gain: (item) => `+${item}`,
  })

  it('hands each item to the processor of its class', () => {
    expect([1, -2].map((item) => signed(item, scope))).to.deep.equal(['+1', '-2'])
  })

  it('hands items of other classes to `otherwise`', () => {
    const byCountry = classify(
      (isin: string) => isin.slice(0, 2),
      { DE: () => 'at home' },
      () => 'abroad',
    )
    expect(['DE1', 'US1', 'toString'].map((isin) => byCountry(isin, scope))).to.deep.equal([
      'at home',
      'abroad',
      'abroad',
    ])
  })

  it('fails for a class that the compiler could not see, naming it and those there are', () => {
    const loose = classify((item: string) => item as 'a', { a: () => 1 })
    expect(() => loose('constructor', scope)).to.throw(
      'of class "constructor", for which there is no processor: there are a',
    )
  })
})
