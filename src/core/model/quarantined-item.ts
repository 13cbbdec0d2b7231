/** An item that was skipped: what it was, where it stood, in which phase it failed, and why. */
import type { JsonValue } from './json-value.ts'

export const FAULT_PHASES = ['read', 'process', 'write'] as const

/** In which the item failed; a redrive begins with this phase. */
export type FaultPhase = (typeof FAULT_PHASES)[number]

export interface QuarantinedItem {
  readonly phase: FaultPhase
  readonly payload: QuarantinedPayload
  /** Where it stood in its source: `{ file: 'trades.csv', line: 812 }`. */
  readonly position: Readonly<Record<string, string | number | bigint>>
  readonly error: QuarantinedError
}

/**
 * `item`: what the failed phase was given, as JSON: the item read for `process`, the output for `write`.
 * `raw`: the record as it stands in the source, for `read`.
 * `cut`: the beginning of one that is too large, or that JSON cannot hold; it is not redrivable, and says why.
 */
export type QuarantinedPayload =
  | { readonly kind: 'item'; readonly value: JsonValue }
  | { readonly kind: 'raw'; readonly text: string }
  | { readonly kind: 'cut'; readonly text: string; readonly reason: string }

export interface QuarantinedError {
  /** `ZodError`, or the code where it has one: `23505`. */
  readonly type: string
  readonly message: string
}
