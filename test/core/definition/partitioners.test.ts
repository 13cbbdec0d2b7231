import { expect } from 'chai'
import { type KeyRange, listPartitions, rangePartitions } from '../../../src/core/definition/partitioners.ts'
import type { Partition } from '../../../src/core/model/partition.ts'

describe('Ranges of a key', () => {
  /** In order, each beginning where the one before has ended: then every number is in one, and only one. */
  function expectWhole(
    parts: readonly Partition<KeyRange<number | bigint>>[],
    from: number | bigint,
    to: number | bigint,
  ): void {
    let next = BigInt(from)
    for (const { value } of parts) {
      expect(BigInt(value.from)).to.equal(next)
      expect(value.to >= value.from, 'no range is empty').to.equal(true)
      next = BigInt(value.to) + 1n
    }
    expect(next).to.equal(BigInt(to) + 1n)
    expect(new Set(parts.map(({ name }) => name)).size).to.equal(parts.length)
  }

  const spread = (parts: readonly Partition<KeyRange<bigint>>[]) => {
    const widths = parts
      .map(({ value }) => value.to - value.from)
      .toSorted((one, other) => (one < other ? -1 : 1))
    return Number((widths.at(-1) ?? 0n) - (widths[0] ?? 0n))
  }

  it('are disjoint and complete, whatever the ends and the parts', () => {
    let seed = 42
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % below
    }
    for (let round = 0; round < 500; round += 1) {
      const from = random(2_000) - 1_000
      const to = from + random(3_000)
      const parts = 1 + random(60)
      const split = rangePartitions({ from, to, parts })
      expectWhole(split, from, to)
      expect(split.length).to.equal(Math.min(parts, to - from + 1))
      const wide = rangePartitions({
        from: BigInt(from) * 10n ** 15n,
        to: BigInt(to) * 10n ** 15n + 7n,
        parts,
      })
      expectWhole(wide, BigInt(from) * 10n ** 15n, BigInt(to) * 10n ** 15n + 7n)
      expect(spread(wide)).to.be.at.most(1)
    }
  })

  it('reach to the ends of what a number and a bigint can hold', () => {
    const { MIN_SAFE_INTEGER: from, MAX_SAFE_INTEGER: to } = Number
    expectWhole(rangePartitions({ from, to, parts: 7 }), from, to)
    const ends = { from: -(2n ** 63n), to: 2n ** 63n - 1n }
    expectWhole(rangePartitions({ ...ends, parts: 16 }), ends.from, ends.to)
  })

  it('are none where there is nothing', () => {
    expect(rangePartitions({ from: 1, to: 0, parts: 4 })).to.deep.equal([])
  })

  it('refuse what is no whole number, and name it', () => {
    for (const wrong of [
      { from: 0.5, to: 3, parts: 2 },
      { from: 0, to: NaN, parts: 2 },
      { from: 0, to: 3, parts: 0 },
      { from: 0, to: 2 ** 60, parts: 2 },
    ]) {
      expect(() => rangePartitions(wrong)).to.throw(/rangePartitions: (from|to|parts) is/)
    }
  })
})

describe('Partitions of a list', () => {
  it('have a value each, and short names unless told otherwise', () => {
    expect(listPartitions(['a.csv', 'b.csv'])).to.deep.equal([
      { name: 'part1', value: 'a.csv' },
      { name: 'part2', value: 'b.csv' },
    ])
    expect(listPartitions([{ day: 1 }], ({ day }, index) => `${day}-${index}`)[0]?.name).to.equal('1-0')
  })
})
