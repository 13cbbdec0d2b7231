/** What a cluster's `postmaster.pid` says about its server, believed only when that server really runs. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { identifyProcess, runsWithArgument } from './running-process.ts'
import { belongsTo } from './server-processes.ts'

/** As Postgres writes it: starting → ready → stopping, and then the file is gone. */
export type PostmasterState = 'starting' | 'ready' | 'stopping'

export interface Postmaster {
  readonly pid: number
  readonly port: number
  /** Empty where it listens on TCP only, and while it starts. */
  readonly socketDirectory: string
  readonly state: PostmasterState
}

/** What the file says, dead or alive; undefined when there is none, which is so after a clean end. */
export function readPostmasterFile(data: string): Postmaster | undefined {
  const lines = readLines(join(data, 'postmaster.pid'))
  const [pid = '', , , port = '', socketDirectory = '', , , state = ''] = lines
  if (pid === '') return undefined
  // A postmaster that has become the standby of another answers "standby"; ours never do.
  const known = state === 'ready' || state === 'stopping' ? state : 'starting'
  return { pid: Number(pid), port: Number(port), socketDirectory, state: known }
}

/**
 * The server of this cluster, when it runs. A file left by `kill -9` may name a zombie, or a pid that is another
 * program's by now; only the postmaster of this cluster was started with this data folder, or works in it.
 */
export function findPostmaster(data: string): Postmaster | undefined {
  const found = readPostmasterFile(data)
  return found !== undefined && runsFor(found.pid, data) ? found : undefined
}

function runsFor(pid: number, data: string): boolean {
  return runsWithArgument(pid, data) || (identifyProcess(pid) !== undefined && belongsTo(pid, data))
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
