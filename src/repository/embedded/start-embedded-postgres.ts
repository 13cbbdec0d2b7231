/** Opens the project's embedded Postgres: find its home, join its users, and see that cluster, server and watcher are there. */

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { BatchError } from '../../core/model/batch-error.ts'
import { prepareBinaries, type Binaries } from './binaries.ts'
import { checkCluster, createCluster, DATABASE, SUPERUSER } from './cluster.ts'
import { withFolderLock } from './folder-lock.ts'
import type { Home } from './home.ts'
import { locateHome, recordHome, type LocatedHome } from './locate-home.ts'
import { findPlatformPackage, thisPlatform } from './platform-package.ts'
import type { Postmaster } from './postmaster.ts'
import { postgresUnavailable } from './postgres-unavailable.ts'
import { ensureServer, stopServer } from './server.ts'
import type { ServerAccount } from './server-account.ts'
import { endWatcher, ensureWatcher } from './spawn-watcher.ts'
import { hasLiveUsers, registerUser, unregisterUser } from './users.ts'

export interface EmbeddedPostgresOptions {
  /** Where the data lies. @default `.batchwright/postgres` in the working folder */
  readonly directory?: string
  /** Gives up the start; what was begun is undone or left for the next start to go on with. */
  readonly signal?: AbortSignal
}

export interface EmbeddedPostgresConnection {
  /** The folder of the Unix socket; an address on Windows. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  /** On Windows only: elsewhere the folder of the socket, which only its owner can enter, is the authentication. */
  readonly password?: string
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** For `new pg.Pool(…)` and TypeORM. The same at every start of one project. */
  readonly connection: EmbeddedPostgresConnection
  /** The project's folder, with links resolved; for root the data may lie elsewhere (`location.json` says where). */
  readonly directory: string
  /** Leaves the server, and stops it when nobody else uses it. End pools first: their connections are cut. */
  readonly close: () => Promise<void>
}

/**
 * Opens the project's Postgres: makes it when there is none, starts it when it does not run, else joins its users,
 * in this process or others. It stops when the last of them has closed or died. Data that was committed survives the
 * kill of anything. Throws EMBEDDED_POSTGRES_UNAVAILABLE, saying what to do.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory ?? '.batchwright/postgres')
  options.signal?.throwIfAborted()
  try {
    const located = locateHome(directory)
    return await join(located, options.signal)
  } catch (error) {
    // What waited rejects with errors of its own kinds; the caller is owed the reason that it gave.
    options.signal?.throwIfAborted()
    throw explainSystemError(directory, error)
  }
}

/** Joins before it takes the lock, so that neither the watcher nor who leaves stops what we are about to use. */
async function join(located: LocatedHome, signal?: AbortSignal): Promise<EmbeddedPostgres> {
  const { home, directory } = located
  const user = registerUser(home)
  try {
    const postmaster = await withFolderLock(home.lock, () => bringUp(located, signal), signal)
    let closed: Promise<void> | undefined
    const close = (): Promise<void> => (closed ??= leave(home, user))
    return { connection: connectionTo(home, postmaster), directory, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    // If this was about to be the only user, the watcher, which is started before the server, stops that.
    unregisterUser(user)
    throw error
  }
}

async function bringUp(located: LocatedHome, signal?: AbortSignal): Promise<Postmaster> {
  const { home } = located
  const found = findPlatformPackage(thisPlatform())
  const prepare = async (): Promise<{ binaries: Binaries; account: ServerAccount | undefined }> => ({
    binaries: await prepareBinaries(found, home, located.account, signal),
    account: located.account,
  })
  if (!checkCluster(home, found.major)) {
    const { binaries, account } = await prepare()
    await createCluster(home, binaries, account, signal)
  }
  recordHome(located)
  ensureWatcher(home)
  return ensureServer(home, prepare, signal)
}

async function leave(home: Home, user: string): Promise<void> {
  // Who deletes the folder of a running server leaves it to the watcher.
  if (!existsSync(home.root)) return
  await withFolderLock(home.lock, async () => {
    unregisterUser(user)
    if (hasLiveUsers(home)) return
    await stopServer(home)
    endWatcher(home)
  })
}

function connectionTo(home: Home, { port, socketDirectory }: Postmaster): EmbeddedPostgresConnection {
  const names = { user: SUPERUSER, database: DATABASE }
  if (socketDirectory !== '') return { host: socketDirectory, port, ...names }
  return { host: '127.0.0.1', port, ...names, password: readFileSync(home.password, 'utf8') }
}

/** A bare EACCES or ENOSPC does not say whose it is, nor that there is a way around it. */
function explainSystemError(directory: string, error: unknown): unknown {
  if (error instanceof BatchError || !(error instanceof Error) || !('syscall' in error)) return error
  return postgresUnavailable(
    `The embedded Postgres in ${directory} cannot be used: ${error.message}. Give this process the right to use that ` +
      'path (it may belong to the user who ran the project first), or choose another directory.',
    { directory },
    error,
  )
}
