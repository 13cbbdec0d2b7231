/** Where jars and the built Kafka client are kept between runs, outside of every checkout. */

import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { withFolderLock } from '../../src/repository/embedded/folder-lock.ts'

/** Longer than a download or a build on a slow machine takes. */
const PATIENCE_MS = 20 * 60_000

export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment['XDG_CACHE_HOME'] ?? ''
  return join(base.startsWith('/') ? base : join(homedir(), '.cache'), 'batchwright')
}

/**
 * Whether the folder of that name stands in the cache, filled now if it was not there. It appears whole or not at all: it
 * is filled under another name, by one process at a time, and kept if `fill` answers true. A fill that was killed is begun
 * anew.
 */
export async function fillCache(
  name: string,
  fill: (folder: string) => Promise<boolean>,
  signal?: AbortSignal,
): Promise<boolean> {
  const folder = cachedFolder(name)
  if (existsSync(folder)) return true
  await mkdir(cacheFolder(), { recursive: true })
  const part = `${folder}.part`
  const unlessThere = async (): Promise<boolean> => {
    if (existsSync(folder)) return true
    await rm(part, { recursive: true, force: true })
    await mkdir(part)
    try {
      const isFilled = await fill(part)
      if (isFilled) await rename(part, folder)
      return isFilled
    } finally {
      await rm(part, { recursive: true, force: true })
    }
  }
  // One lock for all: two Mavens at once may break their common repository.
  return withFolderLock(join(cacheFolder(), 'lock'), unlessThere, signal, PATIENCE_MS)
}

/** Where it stands, or would. */
export function cachedFolder(name: string): string {
  return join(cacheFolder(), name)
}

/** Complete: what is being filled has another name. */
export function isCached(name: string): boolean {
  return existsSync(cachedFolder(name))
}
