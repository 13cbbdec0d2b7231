/** A program of its own: stops the server of the home in its argument when the last user has died, and ends. */

import { existsSync, rmSync, statSync, truncateSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { withFolderLock } from './folder-lock.ts'
import { homeAt, type Home } from './home.ts'
import { killServerProcesses } from './server-processes.ts'
import { stopServer } from './server.ts'
import { removeSocketDirectoriesOf } from './socket-directory.ts'
import { hasLiveUsers } from './users.ts'

const POLL_MILLISECONDS = 1000
const MAX_LOG_BYTES = 16 * 1024 * 1024

async function watch(home: Home): Promise<void> {
  while (existsSync(home.root)) {
    await delay(POLL_MILLISECONDS)
    try {
      limitLog(home)
      if (hasLiveUsers(home)) continue
      if (await withFolderLock(home.lock, () => stopUnlessUsed(home))) return
    } catch {
      // A full disk, or the folder being deleted: nobody reads what we would say, and a dead watcher watches nothing.
    }
  }
  // The project was deleted under the running server, which by itself notices only within a minute.
  killServerProcesses(home.data)
  removeSocketDirectoriesOf(home.data)
}

/** A newcomer may have registered while we waited for the lock. */
async function stopUnlessUsed(home: Home): Promise<boolean> {
  if (hasLiveUsers(home)) return false
  await stopServer(home)
  rmSync(home.watcher, { force: true })
  return true
}

function limitLog(home: Home): void {
  const size = statSync(home.log, { throwIfNoEntry: false })?.size ?? 0
  if (size > MAX_LOG_BYTES) truncateSync(home.log)
}

await watch(homeAt(process.argv[2] ?? ''))
