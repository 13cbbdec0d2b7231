/** Under which account the server runs: our own, except for root, which Postgres refuses to run as. */

import { readFileSync, realpathSync, statSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'

/** Undefined where a function takes `ServerAccount | undefined` means: as ourselves. */
export interface ServerAccount {
  readonly uid: number
  readonly gid: number
}

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/**
 * For root: the owner of the folder when that is an ordinary user (who then can go on without root), else `nobody`.
 * For everybody else: undefined, no change of account.
 */
export function accountFor(folder: string): ServerAccount | undefined {
  if (!isRoot()) return undefined
  const owner = statSync(folder)
  return owner.uid === 0 ? nobody() : { uid: owner.uid, gid: owner.gid }
}

/** Whether the account may pass through every folder down to this path, and read it. */
export function canReach(account: ServerAccount | undefined, path: string): boolean {
  if (account === undefined) return true
  let current = realpathSync(path)
  if (!allows(account, statSync(current), 0o5)) return false
  while (current !== dirname(current)) {
    current = dirname(current)
    if (!allows(account, statSync(current), 0o1)) return false
  }
  return true
}

function allows(account: ServerAccount, stats: Stats, wanted: number): boolean {
  if (stats.uid === account.uid) return ((stats.mode >> 6) & wanted) === wanted
  if (stats.gid === account.gid) return ((stats.mode >> 3) & wanted) === wanted
  return (stats.mode & wanted) === wanted
}

function nobody(): ServerAccount {
  const line = readAccounts().find((entry) => entry.startsWith('nobody:'))
  const [, , uid = '65534', gid = '65534'] = line?.split(':') ?? []
  // macOS writes -2 where the kernel means 4294967294.
  return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }
}

function readAccounts(): readonly string[] {
  try {
    return readFileSync('/etc/passwd', 'utf8').split('\n')
  } catch {
    return [] // a container from scratch has no such file, and 65534 is as good as any
  }
}
