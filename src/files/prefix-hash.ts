/** A hash of everything that was read of an input, kept while it is read, so that a restart can tell whether it is still the same. */
import { crc32 } from 'node:zlib'

/** The CRC-32 of the first so many bytes. */
export interface PrefixMark {
  readonly bytes: number
  readonly crc32: number
}

export interface Prefix {
  /** On the way, each at least four times as far as the one before: they tell where two inputs begin to differ. */
  readonly marks: readonly PrefixMark[]
  readonly end: PrefixMark
}

export interface PrefixHash {
  readonly add: (bytes: Uint8Array) => void
  /** Goes on behind this prefix. */
  readonly adopt: (prefix: Prefix) => void
  readonly prefix: () => Prefix
}

export const EMPTY_PREFIX: Prefix = { marks: [], end: { bytes: 0, crc32: 0 } }

const FIRST_MARK = 64 * 1024
const STRIDE = 4

/** Some gigabytes a second: a hundred times as fast as records are made of the same bytes. */
export function createPrefixHash(): PrefixHash {
  let current = EMPTY_PREFIX
  return {
    add: (added) => {
      if (added.length === 0) return
      const end = {
        bytes: current.end.bytes + added.length,
        crc32: crc32(added, current.end.crc32),
      }
      const next = STRIDE * (current.marks.at(-1)?.bytes ?? FIRST_MARK / STRIDE)
      current = { marks: end.bytes < next ? current.marks : [...current.marks, end], end }
    },
    adopt: (prefix) => {
      current = prefix
    },
    prefix: () => current,
  }
}

/** `65790:1a2b3c4d 270336:00ff12ab`: short in a checkpoint; the last is the end. */
export function encodePrefix({ marks, end }: Prefix): string {
  const all = marks.at(-1) === end ? marks : [...marks, end]
  return all.map(({ bytes, crc32: crc }) => `${bytes}:${crc.toString(16).padStart(8, '0')}`).join(' ')
}

/** Undefined for what is no prefix. */
export function decodePrefix(text: string): Prefix | undefined {
  if (!/^\d{1,15}:[0-9a-f]{8}( \d{1,15}:[0-9a-f]{8})*$/.test(text)) return undefined
  const all = text.split(' ').map((one): PrefixMark => {
    const [bytes, crc] = one.split(':')
    return { bytes: Number(bytes), crc32: Number.parseInt(crc as string, 16) }
  })
  const end = all.at(-1) as PrefixMark
  const isMark =
    all.length > 1 ? end.bytes >= STRIDE * (all.at(-2) as PrefixMark).bytes : end.bytes >= FIRST_MARK
  return { marks: isMark ? all : all.slice(0, -1), end }
}
