/** Sessions of browsers: what a token was exchanged for, so that a page need not keep it. */
import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../../core/ports/clock.ts'
import type { Caller } from './access-token.ts'

export interface Sessions {
  /** Only whoever has the secret comes back as the caller; here it is kept as a hash. */
  readonly begin: (caller: Caller) => Session
  /** Undefined where there is none, or it is over. */
  readonly callerOf: (secret: string) => Caller | undefined
  /** Whether there was one. */
  readonly end: (secret: string) => boolean
}

export interface Session {
  readonly secret: string
  readonly expiresAt: Date
}

export const SESSION_SECONDS = 43_200
/** Of one token: whoever begins more of them ends the oldest. */
const MOST_OF_A_CALLER = 100

interface Kept {
  readonly caller: Caller
  readonly expiresAt: Date
}

/** In this process: with it they end, and other servers do not know them. */
export function createSessions({ now }: Pick<Clock, 'now'>): Sessions {
  const kept = new Map<string, Kept>()
  const makeRoom = ({ name }: Caller): void => {
    for (const [hash, { expiresAt }] of kept) if (expiresAt <= now()) kept.delete(hash)
    const own = [...kept].filter(([, { caller }]) => caller.name === name)
    for (const [hash] of own.slice(0, Math.max(0, own.length - MOST_OF_A_CALLER + 1))) kept.delete(hash)
  }
  return {
    begin: (caller) => {
      makeRoom(caller)
      const secret = randomBytes(32).toString('base64url')
      const expiresAt = new Date(now().getTime() + SESSION_SECONDS * 1000)
      kept.set(hashOf(secret), { caller, expiresAt })
      return { secret, expiresAt }
    },
    callerOf: (secret) => {
      const found = kept.get(hashOf(secret))
      return found !== undefined && found.expiresAt > now() ? found.caller : undefined
    },
    end: (secret) => kept.delete(hashOf(secret)),
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('base64url')
}
