/** Ways to split an input: a range of a key, a list. */
import { BatchError } from '../model/batch-error.ts'
import type { JsonValue } from '../model/json-value.ts'
import type { Partition } from '../model/partition.ts'

/** Both ends belong to it. */
export type KeyRange<K extends number | bigint = number> = { readonly from: K; readonly to: K }

/**
 * Whole numbers from `from` to `to`, both included, in at most `parts` ranges of (almost) the same width, in order: every
 * number is in one range, and no range is empty. None at all where `to` is below `from`.
 * @throws BatchError INVALID_JOB_DEFINITION for what is no whole number
 */
export function rangePartitions(range: RangeSplit<number>): readonly Partition<KeyRange>[]
export function rangePartitions(range: RangeSplit<bigint>): readonly Partition<KeyRange<bigint>>[]
export function rangePartitions({
  from,
  to,
  parts,
}: RangeSplit<number | bigint>): readonly Partition<KeyRange<number | bigint>>[] {
  if (!Number.isSafeInteger(parts) || parts < 1) throw notWhole('parts', parts)
  if (typeof from === 'bigint' && typeof to === 'bigint') return ranges(from, to, parts)
  if (!Number.isSafeInteger(from)) throw notWhole('from', from)
  if (!Number.isSafeInteger(to)) throw notWhole('to', to)
  return ranges(BigInt(from), BigInt(to), parts).map(({ name, value }) => ({
    name,
    value: { from: Number(value.from), to: Number(value.to) },
  }))
}

export interface RangeSplit<K extends number | bigint> {
  readonly from: K
  readonly to: K
  readonly parts: number
}

function ranges(from: bigint, to: bigint, parts: number): readonly Partition<KeyRange<bigint>>[] {
  const width = to < from ? 0n : to - from + 1n
  const count = width < BigInt(parts) ? Number(width) : parts
  const start = (index: number) => from + (width * BigInt(index)) / BigInt(count)
  return Array.from({ length: count }, (_, index) => ({
    name: `part${index + 1}`,
    value: { from: start(index), to: start(index + 1) - 1n },
  }))
}

/** One partition for each, named `part1`, `part2` … unless `nameOf` says otherwise. */
export function listPartitions<V extends JsonValue>(
  items: readonly V[],
  nameOf: (item: V, index: number) => string = (_, index) => `part${index + 1}`,
): readonly Partition<V>[] {
  return items.map((value, index) => ({ name: nameOf(value, index), value }))
}

function notWhole(option: string, value: number | bigint): BatchError {
  return new BatchError(
    'INVALID_JOB_DEFINITION',
    `rangePartitions: ${option} is ${value}; it must be a whole number${option === 'parts' ? ' from 1 on' : ' (a bigint where it is beyond 2^53, and then both ends)'}.`,
    { details: { [option]: String(value) } },
  )
}
