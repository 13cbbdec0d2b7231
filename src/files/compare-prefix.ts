/** Reads the beginning of an input again, to compare it with what was read before. */
import type { ByteSource } from './byte-source.ts'
import { createPrefixHash, EMPTY_PREFIX, type Prefix, type PrefixMark } from './prefix-hash.ts'

export type Comparison =
  | { readonly outcome: 'same' }
  /** The first byte that differs stands in this part. */
  | { readonly outcome: 'differs'; readonly from: number; readonly to: number }
  | { readonly outcome: 'shorter'; readonly bytes: number }

/** Reads as far as the first mark at which they differ, or the prefix goes. */
export async function comparePrefix(source: ByteSource, { marks, end }: Prefix): Promise<Comparison> {
  let from = 0
  const hash = createPrefixHash()
  const points: readonly PrefixMark[] = [...marks, end]
  for await (const block of blocksUpTo(source, points)) {
    hash.add(block)
    const { bytes, crc32 } = hash.prefix().end
    const point = points.find((one) => one.bytes === bytes)
    if (point === undefined) continue
    if (point.crc32 !== crc32) return { outcome: 'differs', from, to: bytes }
    from = bytes
  }
  return from === end.bytes ? { outcome: 'same' } : { outcome: 'shorter', bytes: hash.prefix().end.bytes }
}

/** Of the first so many bytes, or of all where there are fewer; those that are known already are not read where that can be had. */
export async function readPrefix(
  source: ByteSource,
  bytes: number,
  known: Prefix = EMPTY_PREFIX,
): Promise<Prefix> {
  const hash = createPrefixHash()
  const begin = source.seek === undefined ? 0 : known.end.bytes
  if (begin > 0) {
    source.seek?.(begin)
    hash.adopt(known)
  }
  for await (const block of blocksUpTo(source, [{ bytes }], begin)) hash.add(block)
  return hash.prefix()
}

/** The bytes up to the last point, in blocks that end at each of the points. */
async function* blocksUpTo(
  source: ByteSource,
  points: readonly Pick<PrefixMark, 'bytes'>[],
  begin = 0,
): AsyncGenerator<Uint8Array> {
  const ends = points.map(({ bytes }) => bytes)
  const last = ends.at(-1) ?? 0
  for (let at = begin; at < last;) {
    const block = await source.read()
    if (block === undefined) return
    for (let used = 0; used < block.length && at < last;) {
      const end = ends.find((one) => one > at) ?? last
      const part = block.subarray(used, used + end - at)
      yield part
      used += part.length
      at += part.length
    }
  }
}
