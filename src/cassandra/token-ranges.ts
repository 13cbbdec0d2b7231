/** Ranges of Murmur3 tokens, which all keys have, evenly spread. */
import { BatchError } from '../core/model/batch-error.ts'
import type { Partition } from '../core/model/partition.ts'
import type { TokenSpan } from './cassandra-client.ts'

/** Above all tokens' beginning: no key has this token. */
export const LOWEST_TOKEN: bigint = -(2n ** 63n)
export const HIGHEST_TOKEN: bigint = 2n ** 63n - 1n

/** Tokens above `after`, up to and with `upTo`. A type, so that it is a JSON value. */
export type TokenRange = { readonly after: bigint; readonly upTo: bigint }

export const WHOLE_RING: TokenRange = { after: LOWEST_TOKEN, upTo: HIGHEST_TOKEN }

/**
 * All tokens, in `parts` ranges of the same width, as partitions of a step: each key is in one of them. They do not depend on
 * the cluster, so that a plan stays right when nodes come and go.
 * @throws BatchError INVALID_JOB_DEFINITION where `parts` is no whole number from 1 on
 */
export function cassandraPartitions({ parts }: { readonly parts: number }): readonly Partition<TokenRange>[] {
  if (!Number.isSafeInteger(parts) || parts < 1) {
    throw new BatchError(
      'INVALID_JOB_DEFINITION',
      `cassandraPartitions: parts is ${parts}; it must be a whole number from 1 on.`,
      { details: { parts } },
    )
  }
  const width = HIGHEST_TOKEN - LOWEST_TOKEN
  const border = (index: number): bigint => LOWEST_TOKEN + (width * BigInt(index)) / BigInt(parts)
  return Array.from({ length: parts }, (_, index) => ({
    name: `part${index + 1}`,
    value: { after: border(index), upTo: border(index + 1) },
  }))
}

/** Bounds at the ring's own ends are left out. */
export function tokenSpan({ after, upTo }: TokenRange): TokenSpan {
  return {
    by: 'token',
    ...(after > LOWEST_TOKEN && { after }),
    ...(upTo < HIGHEST_TOKEN && { upTo }),
  }
}

export function tokenRange({ after = LOWEST_TOKEN, upTo = HIGHEST_TOKEN }: TokenSpan): TokenRange {
  return { after, upTo }
}
