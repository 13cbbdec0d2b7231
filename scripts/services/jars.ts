/** Fetches the jars of a server with Maven, once for each content of the poms. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cachedFolder, fillCache } from './cache-folder.ts'
import { MAVEN, requireOnMachine } from './machine-needs.ts'
import { lastLines, runProgram } from './run-program.ts'
import type { ServerName } from './server-address.ts'
import { ServicesUnavailable } from './services-unavailable.ts'

/** The poms stand beside the sources, not beside what is compiled from them. */
export const SERVICES_FOLDER: string = fileURLToPath(new URL('../../../scripts/services', import.meta.url))

/** The name of the server's jars in the cache: another one as soon as a pom that it depends on has changed. */
export function jarsName(server: ServerName, folder: string = SERVICES_FOLDER): string {
  const hash = createHash('sha256')
  for (const pom of ['pom.xml', join(server, 'pom.xml')])
    hash.update(readFileSync(join(folder, pom))).update('\0')
  return `${server}-jars-${hash.digest('hex').slice(0, 16)}`
}

/** A folder with all jars of the server's class path. Throws ServicesUnavailable where they cannot be had. */
export async function serverJars(server: ServerName, signal?: AbortSignal): Promise<string> {
  const name = jarsName(server)
  await fillCache(name, (folder) => fetchJars(server, folder, signal), signal)
  return cachedFolder(name)
}

async function fetchJars(server: ServerName, folder: string, signal?: AbortSignal): Promise<true> {
  requireOnMachine([MAVEN])
  process.stderr.write(`Fetching the jars of ${server} …\n`)
  const options = ['-B', '-q', '-ntp', '-Dstyle.color=never', '-f', join(SERVICES_FOLDER, 'pom.xml')]
  const { exitCode, output } = await runProgram(
    ['mvn', ...options, '-pl', server, `-Dservices.jars=${folder}`, 'dependency:copy-dependencies'],
    { signal },
  )
  if (exitCode !== 0) throw mavenFailed(server, output)
  return true
}

function mavenFailed(server: ServerName, output: string): Error {
  return new ServicesUnavailable(
    `Maven could not fetch the jars of ${server}:\n${lastLines(output)}\n` +
      'Without a network, or behind a proxy, give Maven its mirror or proxy in ~/.m2/settings.xml, or copy ' +
      `${cachedFolder(jarsName(server))} from a machine that has it.`,
  )
}
