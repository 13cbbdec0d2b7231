import { expect } from 'chai'
import fc from 'fast-check'
import { writeInParts } from '../../../src/core/engine/chunk/write-in-parts.ts'

interface Found {
  readonly guilty: readonly number[]
  readonly written: readonly number[]
  readonly tries: number
  /** Items handed over, over all tries. */
  readonly sent: number
}

/** The whole has failed already, as in the engine. `naming`: the error says which item it was. */
async function find(
  count: number,
  bad: ReadonlySet<number>,
  naming: 'nothing' | 'the item' | 'nonsense',
): Promise<Found> {
  const guilty: number[] = []
  const written: number[] = []
  let tries = 0
  let sent = 0
  const errorOf = (places: readonly number[]): { error: unknown } | undefined => {
    const index = places.findIndex((place) => bad.has(place))
    return index === -1 ? undefined : { error: naming === 'nonsense' ? 0 : index }
  }
  const all = Array.from({ length: count }, (_, place) => place)
  const known = errorOf(all)
  if (known !== undefined)
    await writeInParts({ from: 0, to: count }, known, {
      tryPart: async ({ from, to }) => {
        tries += 1
        sent += to - from
        const failed = errorOf(all.slice(from, to))
        if (failed === undefined) written.push(...all.slice(from, to))
        return failed
      },
      suspects: (error) => (naming === 'nothing' ? [] : [error as number]),
      isGuilty: (place) => guilty.push(place),
    })
  return { guilty, written, tries, sent }
}

describe('Writing in parts', () => {
  it('finds one bad item among a thousand in at most 20 tries, wherever it is', async () => {
    for (const place of [0, 1, 499, 500, 777, 998, 999]) {
      const { guilty, tries, written } = await find(1000, new Set([place]), 'nothing')
      expect(guilty).to.deep.equal([place])
      expect(written).to.have.length(999)
      expect(tries).to.be.at.most(20)
    }
  })

  it('needs four tries where the error names the item', async () => {
    for (const place of [1, 500, 997]) {
      const { guilty, tries } = await find(1000, new Set([place]), 'the item')
      expect(guilty).to.deep.equal([place])
      expect(tries).to.be.at.most(4)
    }
  })

  it('does not send the chunk again and again where everything in it is bad', async () => {
    const all = new Set(Array.from({ length: 1024 }, (_, place) => place))
    const { guilty, sent } = await find(1024, all, 'the item')
    expect(guilty).to.have.length(1024)
    expect(sent).to.be.at.most(1024 * 12)
  })

  it('blames exactly the bad ones, writes the others once and in order, and is not misled by an error', async () => {
    const chunks = fc
      .integer({ min: 2, max: 300 })
      .chain((count) =>
        fc.tuple(
          fc.constant(count),
          fc.uniqueArray(fc.integer({ min: 0, max: count - 1 }), { minLength: 1 }),
        ),
      )
    await fc.assert(
      fc.asyncProperty(
        chunks,
        fc.constantFrom('nothing', 'the item', 'nonsense'),
        async ([count, bad], naming) => {
          const found = await find(count, new Set(bad), naming)
          expect(found.guilty).to.deep.equal(bad.toSorted((one, other) => one - other))
          const good = Array.from({ length: count }, (_, place) => place).filter(
            (place) => !bad.includes(place),
          )
          expect(found.written).to.deep.equal(good)
          expect(found.tries).to.be.at.most(2 * bad.length * Math.ceil(Math.log2(count)) + 4)
        },
      ),
      { numRuns: 300 },
    )
  })
})
