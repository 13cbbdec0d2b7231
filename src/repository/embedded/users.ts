/** Who uses the server: one file for each open handle, believed only while its process runs. */

import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from './home.ts'
import { identifyProcess, isRunning } from './running-process.ts'

/**
 * Adds this process as a user and answers the file to remove when it leaves. Each call adds one more, so that opening
 * twice in one process, in its worker threads or through two copies of the package needs no shared counter.
 */
export function registerUser(home: Home): string {
  const file = join(home.users, `${identifyProcess()}-${randomBytes(4).toString('hex')}`)
  writeFileSync(file, '')
  return file
}

export function unregisterUser(file: string): void {
  rmSync(file, { force: true })
}

/** Also forgets the users that have died. */
export function hasLiveUsers(home: Home): boolean {
  const files = listUsers(home)
  const dead = files.filter((file) => !isRunning(file))
  for (const file of dead) rmSync(join(home.users, file), { force: true })
  return dead.length < files.length
}

function listUsers(home: Home): readonly string[] {
  try {
    return readdirSync(home.users)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
