/** The tokens that a server knows, of which it has only hashes. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Scope } from './scopes.ts'

export interface AccessToken {
  /** Who it was given to: what they do is recorded under this name. At most {@link TOKEN_NAME_LIMIT} characters. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Of the token, in 64 hexadecimal digits. */
  readonly sha256: string
}

export const TOKEN_NAME_LIMIT = 100

/** Who asks, and what they may do. */
export interface Caller {
  readonly name: string
  readonly scopes: readonly Scope[]
}

export function tokenHash(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex')
}

/** Takes as long whichever token it is, and when it is none: nothing can be learnt from the time. */
export function findCaller(tokens: readonly AccessToken[], presented: string): Caller | undefined {
  const hash = Buffer.from(tokenHash(presented), 'hex')
  let found: Caller | undefined
  for (const { name, scopes, sha256 } of tokens) {
    if (timingSafeEqual(hash, Buffer.from(sha256, 'hex'))) found = { name, scopes }
  }
  return found
}
