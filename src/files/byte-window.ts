/** The part of a byte source that is in memory: what was read and not yet used. */
import type { ByteSource } from './byte-source.ts'
import { createPrefixHash, type Prefix } from './prefix-hash.ts'

export interface ByteWindow {
  readonly bytes: Buffer
  /** The unused bytes are `bytes[from]` to `bytes[to]`, without the last. */
  readonly from: number
  readonly to: number
  /** Where `bytes[0]` stands in the source. */
  readonly base: number
  /** Whether the source ends at `to`. */
  readonly final: boolean
  /** Of everything before `bytes[index]`, which is used up; asked for in rising order, and before the bytes are moved. */
  readonly prefixAt: (index: number) => Prefix
  /** What stands before `bytes[from]`, where it was not read here. */
  readonly adoptPrefix: (prefix: Prefix) => void
  /** Everything before `bytes[from]` is used up. */
  readonly consume: (from: number) => void
  /** Brings more bytes, at least as many as are unused, or the end. Moves the bytes. */
  readonly fill: () => Promise<void>
  /** Goes on at this offset of the source, which is not before the unused bytes; false where it has no byte there. */
  readonly goTo: (offset: number) => Promise<boolean>
}

export function createByteWindow(source: ByteSource): ByteWindow {
  let bytes: Buffer = Buffer.allocUnsafeSlow(0)
  let from = 0
  let to = 0
  let base = 0
  let final = false
  const hash = createPrefixHash()
  /** The hash has everything before this index: each byte once, at the latest before it is dropped. */
  let hashed = 0

  const prefixAt = (index: number): Prefix => {
    hash.add(bytes.subarray(hashed, index))
    hashed = Math.max(hashed, index)
    return hash.prefix()
  }
  const append = (block: Uint8Array): void => {
    prefixAt(from)
    const unused = to - from
    // Grown by doubling, so that a record of many blocks is not moved as often as it has blocks.
    const target =
      unused + block.length > bytes.length ? Buffer.allocUnsafeSlow((unused + block.length) * 2) : bytes
    bytes.copy(target, 0, from, to)
    target.set(block, unused)
    bytes = target
    base += from
    hashed = from = 0
    to = unused + block.length
  }
  const fill = async (): Promise<void> => {
    const enough = to + Math.max(1, to - from) - from
    while (!final && to - from < enough) {
      const block = await source.read()
      if (block === undefined) final = true
      else append(block)
    }
  }
  const goTo = async (offset: number): Promise<boolean> => {
    if (offset > base + to && !final && source.seek) {
      source.seek(offset)
      base = offset
      hashed = from = to = 0
    }
    while (offset >= base + to && !final) {
      from = to
      await fill()
    }
    from = Math.min(offset - base, to)
    return from < to
  }
  return {
    get bytes() {
      return bytes
    },
    get from() {
      return from
    },
    get to() {
      return to
    },
    get base() {
      return base
    },
    get final() {
      return final
    },
    prefixAt,
    adoptPrefix: (prefix) => {
      hash.adopt(prefix)
      hashed = from
    },
    consume: (next) => {
      from = next
    },
    fill,
    goTo,
  }
}
