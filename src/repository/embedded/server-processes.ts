/** Every process of a server, found without its files: what is left when the postmaster or the folder is gone. */

import { readdirSync, readlinkSync } from 'node:fs'
import { commandLine, sendSignal } from './running-process.ts'

/**
 * Kills all of them, on Linux. Call it under the lock, when the cluster has no postmaster that answers for it. Backends
 * whose postmaster was killed notice it in the end, but not in the midst of a long sort, and Postgres refuses to start
 * beside them. Killing loses nothing: the next start recovers from the log anyway. Elsewhere a start waits for them.
 */
export function killServerProcesses(data: string): void {
  for (const pid of findServerProcesses(data)) sendSignal(pid, 'SIGKILL')
}

/**
 * All work in the data folder; a postmaster is started with it as an argument, and a moment later goes there. A shell
 * that somebody has opened in that folder must not be meant.
 */
export function findServerProcesses(data: string): readonly number[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => isPostgres(pid) && belongsTo(pid, data))
}

/** By working folder or argument, as somebody may have started a postmaster by hand with a relative path. */
export function belongsTo(pid: number, data: string): boolean {
  const folder = workingFolder(pid)
  return folder === data || folder === `${data} (deleted)` || commandLine(pid).includes(data)
}

/** The program's path in a postmaster, a title such as `postgres: checkpointer` in the others. */
function isPostgres(pid: number): boolean {
  return /(^|\/)postgres(:|$)/.test(commandLine(pid)[0] ?? '')
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined // gone, or another account's, whose server is none of ours
  }
}
