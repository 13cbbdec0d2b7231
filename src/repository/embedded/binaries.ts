/** Makes the package's programs runnable by the server's account, without ever writing into node_modules. */

import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { copyBinaries } from './copy-binaries.ts'
import type { Home } from './home.ts'
import { libraryNames, type LibraryName, type PlatformPackage } from './platform-package.ts'
import { canReach, type ServerAccount } from './server-account.ts'
import { systemFolder } from './system-folder.ts'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  readonly env: Readonly<Record<string, string>>
}

/**
 * Runs the programs where they are when that is possible. The package's install script, which only makes symbolic
 * links, may have been blocked (`ignore-scripts`): then the links are made in the home. An account that cannot reach
 * node_modules gets a copy in the system folder, shared by all projects of the machine.
 */
export async function prepareBinaries(
  found: PlatformPackage,
  home: Home,
  account: ServerAccount | undefined,
  signal?: AbortSignal,
): Promise<Binaries> {
  const missing = libraryNames(found).filter(({ name }) => !existsSync(join(found.native, 'lib', name)))
  if (!canRun(found.native, account)) return binariesIn(await copyBinaries(found, systemFolder(), signal))
  if (missing.length === 0) return binariesIn(found.native)
  // A library path is a list separated by colons, and no way of writing one inside a path is known to the loader.
  if (home.libraryLinks.includes(delimiter) || found.native.includes(delimiter))
    return binariesIn(await copyBinaries(found, home.root, signal))
  linkLibraries(join(found.native, 'lib'), missing, home.libraryLinks)
  // A library that is found through a link looks for those it needs beside the link, where they need not be.
  return binariesIn(found.native, [home.libraryLinks, join(found.native, 'lib')].join(delimiter))
}

function canRun(native: string, account: ServerAccount | undefined): boolean {
  return ['bin/postgres', 'lib', 'share/postgresql'].every((path) => canReach(account, join(native, path)))
}

/** Only this environment reaches Postgres: a PGOPTIONS or a locale of the user's shell must not change the server. */
function binariesIn(native: string, libraries?: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const paths = libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries, DYLD_LIBRARY_PATH: libraries }
  const systemRoot = process.env['SystemRoot']
  return {
    initdb: join(native, 'bin', `initdb${suffix}`),
    postgres: join(native, 'bin', `postgres${suffix}`),
    env: {
      LC_ALL: 'C',
      TZ: 'UTC',
      PATH: process.env['PATH'] ?? '',
      ...paths,
      ...(systemRoot === undefined ? {} : { SystemRoot: systemRoot }),
    },
  }
}

/** Made anew each time: the project's node_modules may have moved since. */
function linkLibraries(from: string, names: readonly LibraryName[], into: string): void {
  rmSync(into, { recursive: true, force: true })
  mkdirSync(into)
  chmodSync(into, 0o755)
  for (const { name, file } of names) symlinkSync(join(from, file), join(into, name))
}
