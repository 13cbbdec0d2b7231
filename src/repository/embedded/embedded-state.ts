/** What has become of a project's embedded Postgres, without starting it. */

import { existsSync } from 'node:fs'
import { checkCluster } from './cluster.ts'
import { locateHome } from './locate-home.ts'
import { findPlatformPackage, thisPlatform } from './platform-package.ts'
import { findPostmaster } from './postmaster.ts'

export interface EmbeddedState {
  /** `none`: the first process that needs it makes it. */
  readonly state: 'none' | 'stopped' | 'running'
  /** The npm package with the binaries, and its version. */
  readonly program: string
  /** Of the server, where it runs. */
  readonly pid: number | null
}

/** Throws EMBEDDED_POSTGRES_UNAVAILABLE, saying what to do, where it could not be started. */
export function embeddedState(directory: string): EmbeddedState {
  const { name, version, major } = findPlatformPackage(thisPlatform())
  const program = `${name} ${version}`
  if (!existsSync(directory)) return { state: 'none', program, pid: null }
  const { home } = locateHome(directory)
  if (!checkCluster(home, major)) return { state: 'none', program, pid: null }
  const pid = findPostmaster(home.data)?.pid ?? null
  return { state: pid === null ? 'stopped' : 'running', program, pid }
}
