/** Root's folder of the machine for what an unprivileged account must reach while projects lie out of its reach. */

import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import { postgresUnavailable } from './postgres-unavailable.ts'

const CANDIDATES = ['/var/lib/batchwright', '/var/tmp/batchwright'] as const

/** Makes it when needed. Throws when neither place can be had, or is somebody else's. */
export function systemFolder(): string {
  const refusals: string[] = []
  for (const path of CANDIDATES) {
    const refusal = tryMake(path)
    if (refusal === undefined) return path
    refusals.push(`${path}: ${refusal}`)
  }
  throw postgresUnavailable(
    `Postgres cannot run as root, and no system folder for an unprivileged account could be made (${refusals.join('; ')}). ` +
      'Make one of them writable, or run as an ordinary user.',
    { refusals },
  )
}

function tryMake(path: string): string | undefined {
  try {
    mkdirSync(path, { recursive: true })
    const found = lstatSync(path)
    // Everybody may write to /var/tmp: a folder or link planted there must not make root write elsewhere.
    if (!found.isDirectory() || found.uid !== 0) return 'it is not a folder of root'
    // Under a umask of 077 it would be made for root alone.
    chmodSync(path, 0o755)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
