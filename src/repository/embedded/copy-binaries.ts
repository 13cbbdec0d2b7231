/** A complete copy of a platform package's programs in a folder that the server's account can reach. */

import { chmodSync, existsSync, lstatSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { withFolderLock } from './folder-lock.ts'
import { libraryNames, type PlatformPackage } from './platform-package.ts'

/** Answers where bin, lib and share lie. Made once for each version; a kill leaves nothing that looks complete. */
export async function copyBinaries(
  found: PlatformPackage,
  folder: string,
  signal?: AbortSignal,
): Promise<string> {
  const target = join(folder, `${basename(found.name)}-${found.version}`)
  if (existsSync(target)) return target
  await withFolderLock(`${target}.lock`, () => copyUnlessThere(found, target), signal)
  return target
}

async function copyUnlessThere(found: PlatformPackage, target: string): Promise<void> {
  if (existsSync(target)) return
  const aside = `${target}.partial`
  rmSync(aside, { recursive: true, force: true })
  // The static libraries are a fifth of the size and are for compilers only.
  await cp(found.native, aside, { recursive: true, filter: (path) => !path.endsWith('.a') })
  for (const { name, file } of libraryNames(found)) {
    rmSync(join(aside, 'lib', name), { force: true })
    symlinkSync(file, join(aside, 'lib', name))
  }
  openToAll(aside)
  renameSync(aside, target)
}

/** Packages installed, or copied, under a umask of 077 are readable for their owner only. */
function openToAll(path: string): void {
  const stats = lstatSync(path)
  if (stats.isSymbolicLink()) return
  if (!stats.isDirectory()) return chmodSync(path, (stats.mode & 0o100) === 0 ? 0o644 : 0o755)
  chmodSync(path, 0o755)
  for (const name of readdirSync(path)) openToAll(join(path, name))
}
