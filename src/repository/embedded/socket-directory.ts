/** The folder of the server's Unix socket: short, because a socket's path may have 107 bytes, and closed to others. */

import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  unlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { canReach, type ServerAccount } from './server-account.ts'

const PREFIX = 'batchwright-'
/** 107 on Linux, 103 on macOS, less `/.s.PGSQL.5432.lock`. */
const MAX_BYTES = 103 - 19

/**
 * Makes it empty, for the server's account alone: whoever can enter may do everything, so this is the authentication.
 * It has the same name at every start of a cluster, so that connection pools that outlive a server find the next one.
 */
export function makeSocketDirectory(data: string, account: ServerAccount | undefined): string {
  const around = chooseTemporaryFolder(account)
  const owner = account?.uid ?? process.getuid?.()
  const path = join(around, nameFor(data))
  // In a folder where everybody may write, a name that can be guessed may have been taken by somebody else.
  const made = claim(path, owner) ? path : mkdtempSync(`${path}-`)
  for (const name of readdirSync(made)) unlinkSync(join(made, name))
  chmodSync(made, 0o700)
  if (account !== undefined) chownSync(made, account.uid, account.gid)
  return made
}

/** Removes what a server has left; anything that does not look like a folder of ours is left alone. */
export function removeSocketDirectory(path: string): void {
  if (basename(path).startsWith(PREFIX)) rmSync(path, { recursive: true, force: true })
}

/** For when the data, which knows the folder, is gone itself. */
export function removeSocketDirectoriesOf(data: string): void {
  for (const around of [tmpdir(), '/tmp']) removeSocketDirectory(join(around, nameFor(data)))
}

function nameFor(data: string): string {
  return PREFIX + createHash('sha256').update(data).digest('hex').slice(0, 12)
}

function claim(path: string, owner: number | undefined): boolean {
  try {
    mkdirSync(path, { mode: 0o700 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const found = lstatSync(path)
    return found.isDirectory() && (found.uid === owner || found.uid === process.getuid?.())
  }
}

/** TMPDIR may be long, or root's own. Postgres reads the setting as a list, so its separators are out as well. */
function chooseTemporaryFolder(account: ServerAccount | undefined): string {
  const fits = (folder: string): boolean =>
    Buffer.byteLength(folder) + PREFIX.length + 20 <= MAX_BYTES && !/[,"'\\]/.test(folder)
  const wanted = tmpdir()
  return fits(wanted) && canPass(account, wanted) ? wanted : '/tmp'
}

function canPass(account: ServerAccount | undefined, folder: string): boolean {
  try {
    return canReach(account, folder)
  } catch {
    return false // TMPDIR names a folder that does not exist
  }
}
