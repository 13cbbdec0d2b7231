/** Which file a reader has read, and how far: what a checkpoint remembers of its input. */
import type { Checkpoint, JsonValue } from '../core/model/json-value.ts'
import { decodePrefix, encodePrefix, type Prefix } from './prefix-hash.ts'

/** As the file system tells them. */
export interface FileIdentity {
  readonly size: number
  /** ISO 8601. */
  readonly modified: string
  /** Inode and time of the last change of any kind, which no program can set back: the same means untouched. */
  readonly change: string
}

/** The part before a checkpoint, and the file that it was read from. */
export interface RememberedInput {
  readonly identity: FileIdentity
  /** Everything before the checkpoint's page, and before the checkpoint itself where that is the page's last. */
  readonly prefix: Prefix
}

export function encodeInput({ identity, prefix }: RememberedInput): Checkpoint {
  return { ...identity, read: encodePrefix(prefix) }
}

/** Undefined for what is none. */
export function decodeInput(stored: JsonValue | undefined): RememberedInput | undefined {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return undefined
  const { size, modified, change, read } = stored as Readonly<Record<string, JsonValue | undefined>>
  const prefix = typeof read === 'string' ? decodePrefix(read) : undefined
  if (prefix === undefined || typeof modified !== 'string' || typeof change !== 'string') return undefined
  return { identity: { size: Number(size), modified, change }, prefix }
}

export function isUntouched(was: FileIdentity, is: FileIdentity): boolean {
  return was.size === is.size && was.modified === is.modified && was.change === is.change
}
