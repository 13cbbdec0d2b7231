/** Values that survive being stored as JSON, with bigints kept apart from numbers. */

export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/**
 * Where a reader or writer stands, as it wants to find itself again: small, and made of JSON values only. It is
 * stored in the step's context in the transaction that writes the chunk. Null is none: a context holds no null at its root.
 */
export type Checkpoint = Exclude<JsonValue, null>

/** A checkpoint as it was stored: by which kind of reader or writer, in which version of its layout. */
export interface StoredCheckpoint {
  readonly kind: string
  readonly version: number
  readonly at: Checkpoint
}
