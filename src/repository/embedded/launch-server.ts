/** Starts the server process so that it outlives us, and waits until it is ready or has failed. */

import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isPidTaken } from '../../process/process-start.ts'
import type { Binaries } from './binaries.ts'
import type { Home } from './home.ts'
import { findPostmaster, readPostmasterFile } from './postmaster.ts'
import { postgresUnavailable } from './postgres-unavailable.ts'
import { cannotRun } from './run-program.ts'
import type { ServerAccount } from './server-account.ts'
import { makeSocketDirectory, removeSocketDirectory } from './socket-directory.ts'

const POLL_MILLISECONDS = 5
const RETRY_MILLISECONDS = 100
/** Names the socket file; nothing listens on the network. */
const SOCKET_PORT = 5432
/** Backends of a server that was killed still hold its memory. They end by themselves. */
const STILL_ENDING = 'pre-existing shared memory block'

/** Returns when it is ready, or when it is worth trying again; throws with the end of the log when it has failed. */
export async function launchServer(
  home: Home,
  binaries: Binaries,
  account: ServerAccount | undefined,
  signal?: AbortSignal,
): Promise<void> {
  clearStaleFile(home)
  const child = spawnServer(home, binaries, await listenSettings(home, account), account)
  const failed = new Promise<Error | undefined>((resolve) => {
    child.once('error', (error) => resolve(cannotRun(binaries.postgres, error)))
    child.once('exit', () => resolve(undefined))
  })
  // Neither the server nor our waiting for its end may keep this process alive.
  child.unref()
  let ended: { readonly error: Error | undefined } | undefined
  void failed.then((error) => (ended = { error }))
  while (ended === undefined && findPostmaster(home.data)?.state !== 'ready')
    await delay(POLL_MILLISECONDS, undefined, { signal })
  if (ended !== undefined) await explainEnd(home, ended.error, signal)
}

/**
 * Postgres refuses to start while the pid in a left-over file is taken, be it by a zombie or by a program that got the
 * number later. The caller knows that it is not the postmaster. A file with a free pid is Postgres' to clear.
 */
function clearStaleFile(home: Home): void {
  const left = readPostmasterFile(home.data)
  if (left === undefined) return
  removeSocketDirectory(left.socketDirectory)
  if (isPidTaken(left.pid)) rmSync(join(home.data, 'postmaster.pid'), { force: true })
}

function spawnServer(
  home: Home,
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
  account: ServerAccount | undefined,
): ChildProcess {
  // One run's log is kept beside the current one, so that a crash can still be read about after the next start.
  if (existsSync(home.log)) renameSync(home.log, `${home.log}.1`)
  const log = openSync(home.log, 'a', 0o600)
  try {
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    // Detached: a session of its own, so that Ctrl-C in our terminal does not reach it.
    return spawn(binaries.postgres, ['-D', home.data, ...args], {
      cwd: '/',
      detached: true,
      env: binaries.env,
      stdio: ['ignore', log, log],
      windowsHide: true,
      ...account,
    })
  } finally {
    closeSync(log)
  }
}

async function listenSettings(
  home: Home,
  account: ServerAccount | undefined,
): Promise<Readonly<Record<string, string>>> {
  if (process.platform === 'win32')
    return { listen_addresses: '127.0.0.1', port: String(await findFreePort()) }
  const socketDirectory = makeSocketDirectory(home.data, account)
  return { listen_addresses: '', port: String(SOCKET_PORT), unix_socket_directories: `"${socketDirectory}"` }
}

/** Node cannot use the Unix sockets of Postgres on Windows. */
async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function explainEnd(home: Home, error: Error | undefined, signal?: AbortSignal): Promise<void> {
  if (error !== undefined) throw error
  // Another one came first: that of a start that was killed before its server could be seen.
  if (findPostmaster(home.data) !== undefined) return
  const log = readFileSync(home.log, 'utf8')
  if (log.includes(STILL_ENDING)) {
    await delay(RETRY_MILLISECONDS, undefined, { signal })
    return
  }
  throw postgresUnavailable(
    `Postgres did not start on ${home.data}: ${log.trim().slice(-2000)} Remove the cause (the whole log is ${home.log}) ` +
      'and start again.',
    { data: home.data, log: home.log },
  )
}
