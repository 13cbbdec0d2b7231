/** Projects for one test: real folders, removed with all that runs for them. */

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import type { EmbeddedPostgresConnection } from '../../../src/repository/embedded/index.ts'
import { findPlatformPackage, thisPlatform } from '../../../src/repository/embedded/platform-package.ts'

/** Open to all, as an ordinary project is; `mkdtemp` alone makes folders for their owner only. */
export function makeProject(around: string = tmpdir()): string {
  const path = realpathSync(mkdtempSync(join(around, 'bw-test-')))
  chmodSync(path, 0o755)
  return path
}

export function removeProject(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 })
}

/** What npm would have installed in the project: the compiled code and the Postgres package. Answers the holder. */
export function installInto(project: string): string {
  const dist = fileURLToPath(new URL('../../..', import.meta.url))
  const folders = ['src/core/model', 'src/process', 'src/repository/embedded', 'test/repository/embedded']
  for (const folder of folders) cpSync(join(dist, folder), join(project, 'dist', folder), { recursive: true })
  cpSync(join(dist, '../package.json'), join(project, 'package.json'))
  copyPostgresPackage(project)
  return join(project, 'dist/test/repository/embedded/holder.js')
}

/** By hard links, as it is 60 MB. Answers the folder of the package. */
export function copyPostgresPackage(project: string): string {
  const { name, native } = findPlatformPackage(thisPlatform())
  const target = join(project, 'node_modules', name)
  mkdirSync(dirname(target), { recursive: true })
  execFileSync('cp', ['-al', dirname(native), target])
  return target
}

/** The folder in the system to which root's project was sent; undefined when its data lies in the project. */
export function recordedHome(directory: string): string | undefined {
  const file = join(directory, 'location.json')
  if (!existsSync(file)) return undefined
  return (JSON.parse(readFileSync(file, 'utf8')) as { home: string }).home
}

/** One statement in a session of its own. */
export async function query(
  connection: EmbeddedPostgresConnection,
  sql: string,
): Promise<readonly Record<string, unknown>[]> {
  const client = new Client(connection)
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
