import { expect } from 'chai'
import { crc32 } from 'node:zlib'
import type { ByteSource } from '../../src/files/byte-source.ts'
import { comparePrefix, readPrefix } from '../../src/files/compare-prefix.ts'
import { createPrefixHash, decodePrefix, encodePrefix, type Prefix } from '../../src/files/prefix-hash.ts'

const KIB = 1024

function bytesOf(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 7919) >> 3))
}

/** In blocks of a size of their own, with the places from which it was read. */
function sourceOf(bytes: Buffer, seeks = true): { readonly source: ByteSource; readonly starts: number[] } {
  let at = 0
  const starts: number[] = []
  const read = async () => {
    if (at >= bytes.length) return undefined
    starts.push(at)
    const block = bytes.subarray(at, at + 50_000)
    at += block.length
    return block
  }
  const seek = (offset: number) => {
    at = offset
  }
  return { starts, source: { read, consumed: () => at, close: async () => {}, ...(seeks && { seek }) } }
}

function prefixOf(bytes: Buffer, step: number): Prefix {
  const hash = createPrefixHash()
  for (let at = 0; at < bytes.length; at += step) hash.add(bytes.subarray(at, at + step))
  return hash.prefix()
}

describe('The hash of what was read', () => {
  const bytes = bytesOf(3000 * KIB)

  it('is that of all bytes, whatever the steps in which they came, with marks ever farther apart', () => {
    for (const step of [1000, 50_000, 3000 * KIB]) {
      const { end, marks } = prefixOf(bytes, step)
      expect(end).to.deep.equal({ bytes: bytes.length, crc32: crc32(bytes) })
      for (const mark of marks) expect(mark.crc32).to.equal(crc32(bytes.subarray(0, mark.bytes)))
      for (const [index, mark] of marks.slice(1).entries())
        expect(mark.bytes).to.be.at.least(4 * (marks[index]?.bytes ?? 0))
    }
    expect(prefixOf(bytes, 1000).marks.length).to.equal(3)
  })

  it('is a short text in a checkpoint, and is read back as it was', () => {
    for (const length of [0, 10, 64 * KIB, 64 * KIB + 1, 256 * KIB, 3000 * KIB]) {
      const prefix = prefixOf(bytesOf(length), 1000)
      const text = encodePrefix(prefix)
      expect(decodePrefix(text)).to.deep.equal(prefix)
      expect(text.length).to.be.lessThan(80)
    }
    for (const text of ['', '12', '12:xyz', '12:00000000 ', 'a:00000000'])
      expect(decodePrefix(text)).to.equal(undefined)
  })

  it('tells the same beginning, a shorter one, and where the first difference stands', async () => {
    const prefix = prefixOf(bytes, 1000)
    const compare = (now: Buffer) => comparePrefix(sourceOf(now).source, prefix)
    expect(await compare(bytes)).to.deep.equal({ outcome: 'same' })
    expect(await compare(Buffer.concat([bytes, Buffer.from('more')]))).to.deep.equal({ outcome: 'same' })
    expect(await compare(bytes.subarray(0, 2_000_000))).to.deep.equal({
      outcome: 'shorter',
      bytes: 2_000_000,
    })
    for (const at of [0, 70_000, 1_000_000, 2_999_999]) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      const found = await compare(changed)
      if (found.outcome !== 'differs') throw new Error(`byte ${at}: ${found.outcome}`)
      expect(at).to.be.within(found.from, found.to - 1)
    }
  })

  it('is gone on with from where it is known, without reading the rest again', async () => {
    const known = prefixOf(bytes.subarray(0, 1_000_000), 1000)
    const seeking = sourceOf(bytes)
    expect((await readPrefix(seeking.source, 2_000_000, known)).end).to.deep.equal({
      bytes: 2_000_000,
      crc32: crc32(bytes.subarray(0, 2_000_000)),
    })
    expect(seeking.starts[0]).to.equal(1_000_000)
    const sequential = await readPrefix(sourceOf(bytes, false).source, 2_000_000, known)
    expect(sequential.end.crc32).to.equal(crc32(bytes.subarray(0, 2_000_000)))
  })
})
