import { expect } from 'chai'
import { murmur2, partitionOfKey } from '../../src/kafka/murmur2.ts'

describe('murmur2', () => {
  const KNOWN: Readonly<Record<string, number>> = {
    '21': -973932308,
    foobar: -790332482,
    abc: 479470107,
    'a-little-bit-long-string': -985981536,
    'a-little-bit-longer-string': -1486304829,
    lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
  }

  for (const [text, hash] of Object.entries(KNOWN)) {
    it(`of ${text} is Java's`, () => {
      expect(murmur2(Buffer.from(text))).to.equal(hash)
    })
  }

  it('makes a partition of every hash, the negative ones too', () => {
    expect(partitionOfKey(Buffer.from('21'), 12)).to.equal((-973932308 & 0x7fffffff) % 12)
  })
})
