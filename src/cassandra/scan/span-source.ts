/** Cuts what is to be read into spans that can be fetched side by side, in the order in which their rows are handed over. */
import type { CassandraRing } from '../cassandra-client.ts'
import { LOWEST_TOKEN, type TokenRange, tokenSpan } from '../token-ranges.ts'
import type { ReadSpan } from './read-span.ts'

export interface SpanSource {
  /** Undefined when all have been given. */
  readonly next: () => ReadSpan | undefined
  /** How many rows stood between two tokens. */
  readonly learn: (rows: number, from: bigint, to: bigint) => void
}

export function spanList(spans: readonly ReadSpan[]): SpanSource {
  let given = 0
  return { next: () => spans[given++], learn: () => {} }
}

/**
 * The first cuts, before anything is known: what is too small costs a question, and what is too large is read one page after
 * the other.
 */
const FIRST_SHARE = 512
const LARGEST_STEP = 8
/** Of a page, so that most spans are read with one question. */
const FILLED = 0.85

/**
 * Cuts a range of tokens into spans of about one page each, by what has been learnt of the rows' density so far. A span never goes
 * beyond the end of one of the ring's ranges, so that one node can answer it.
 */
export function cutRange({ after, upTo }: TokenRange, ring: CassandraRing, pageSize: number): SpanSource {
  let position = after
  let width = Number(upTo - after) / FIRST_SHARE
  let ringIndex = 0
  return {
    next: () => {
      if (position >= upTo) return undefined
      while ((ring.tokens[ringIndex] ?? upTo) <= position && ringIndex < ring.tokens.length) ringIndex += 1
      const border = smaller(ring.tokens[ringIndex] ?? upTo, upTo)
      const end = smaller(border, position + BigInt(Math.max(1, Math.floor(width))))
      const span: ReadSpan = { by: 'token', from: tokenSpan({ after: position, upTo: end }) }
      position = end
      return span
    },
    learn: (rows, from, to) => {
      const fitting = rows === 0 ? Infinity : (Number(to - from) * pageSize * FILLED) / rows
      width = Math.min(Math.max(fitting, width / LARGEST_STEP), width * LARGEST_STEP)
    },
  }
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}

/** How many of the ring's ranges lie within the range, and how many of them up to a token. */
export function countRingRanges(
  { tokens }: CassandraRing,
  { after, upTo }: TokenRange,
  reached: bigint,
): { readonly done: number; readonly total: number } {
  const borders = tokens.filter((token) => token > after && token < upTo)
  const total = borders.length + 1
  if (reached >= upTo) return { done: total, total }
  return { done: borders.filter((token) => token <= reached && reached > LOWEST_TOKEN).length, total }
}
