/** Makes sure that the Kafka client, an optional peer, can be loaded: from the cache, prebuilt, or built from source. */

import { existsSync } from 'node:fs'
import { lstat, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { cachedFolder, fillCache, isCached } from './cache-folder.ts'
import { buildFromSource, fetchPrebuilt, KAFKA_CLIENT, KAFKA_CLIENT_VERSION } from './kafka-client-package.ts'
import { BUILD_NEEDS, requireOnMachine } from './machine-needs.ts'
import { lastLines, type ProgramEnd, runProgram } from './run-program.ts'
import { ServicesUnavailable } from './services-unavailable.ts'

/** The name in the cache: a binary serves one ABI of Node on one platform. */
export const KAFKA_CLIENT_CACHE: string = [
  'kafka-client',
  KAFKA_CLIENT_VERSION,
  `abi${process.versions.modules}`,
  process.platform,
  process.arch,
].join('-')

/**
 * Whether the client can be loaded, after it was linked from the cache or fetched prebuilt where that was needed. Needs
 * no compiler; package.json and the lock file stay as they are.
 */
export async function findKafkaClient(signal?: AbortSignal): Promise<boolean> {
  if (await kafkaClientLoads(signal)) return true
  if (isCached(KAFKA_CLIENT_CACHE)) {
    if (await linkAndLoad(signal)) return true
    // Kept from a system with other libraries.
    await rm(cachedFolder(KAFKA_CLIENT_CACHE), { recursive: true, force: true })
  }
  const isThere = await fillCache(KAFKA_CLIENT_CACHE, (folder) => fetchPrebuilt(folder, signal), signal)
  if (!isThere) return false
  if (await linkAndLoad(signal)) return true
  await rm(cachedFolder(KAFKA_CLIENT_CACHE), { recursive: true, force: true })
  return false
}

/** After `findKafkaClient` has answered false. Throws ServicesUnavailable when the machine lacks something, or the build fails. */
export async function buildKafkaClient(signal?: AbortSignal): Promise<void> {
  requireOnMachine(BUILD_NEEDS)
  await fillCache(KAFKA_CLIENT_CACHE, (folder) => buildFromSource(folder, signal), signal)
  await linkFromCache()
  const { exitCode, output } = await loadKafkaClient(signal)
  if (exitCode === 0) return
  throw new ServicesUnavailable(`${KAFKA_CLIENT} was built but cannot be loaded:\n${lastLines(output)}`)
}

export async function kafkaClientLoads(signal?: AbortSignal): Promise<boolean> {
  return (await loadKafkaClient(signal)).exitCode === 0
}

async function linkAndLoad(signal?: AbortSignal): Promise<boolean> {
  await linkFromCache()
  return kafkaClientLoads(signal)
}

/** In a process of its own, which a binary of another system may crash. */
function loadKafkaClient(signal?: AbortSignal): Promise<ProgramEnd> {
  return runProgram([process.execPath, '-e', `require('${KAFKA_CLIENT}')`], { signal })
}

/** The link appears at once, over an older one: a second process may do the same. */
async function linkFromCache(): Promise<void> {
  const link = resolve('node_modules', KAFKA_CLIENT)
  await requireReplaceable(link)
  await mkdir(dirname(link), { recursive: true })
  const fresh = `${link}.${process.pid}`
  await rm(fresh, { force: true })
  await symlink(join(cachedFolder(KAFKA_CLIENT_CACHE), 'node_modules', KAFKA_CLIENT), fresh)
  await rename(fresh, link)
}

async function requireReplaceable(link: string): Promise<void> {
  if (!existsSync(link) || (await lstat(link)).isSymbolicLink()) return
  const { output } = await loadKafkaClient()
  throw new ServicesUnavailable(
    `${KAFKA_CLIENT} is installed in ${link} but cannot be loaded. Remove that folder and try again.\n${lastLines(output)}`,
  )
}
