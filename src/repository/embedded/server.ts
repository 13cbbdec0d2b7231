/** Starts the server of a cluster, or finds the one that runs, and stops it. Callers hold the home's lock. */

import { setTimeout as delay } from 'node:timers/promises'
import type { Home } from './home.ts'
import { launchServer } from './launch-server.ts'
import type { Binaries } from './binaries.ts'
import { killServerProcesses } from './server-processes.ts'
import { findPostmaster, readPostmasterFile, type Postmaster } from './postmaster.ts'
import { sendSignal } from './running-process.ts'
import { postgresUnavailable } from './postgres-unavailable.ts'
import { answers } from './probe-server.ts'
import type { ServerAccount } from './server-account.ts'
import { removeSocketDirectory } from './socket-directory.ts'

const POLL_MILLISECONDS = 5
/** Recovery after a crash reads up to max_wal_size of log. */
const START_PATIENCE_MILLISECONDS = 120_000
/** A fast stop writes a checkpoint. What is not written then is recovered at the next start. */
const FAST_STOP_MILLISECONDS = 5000
const IMMEDIATE_STOP_MILLISECONDS = 2000

/**
 * The server of this home, answering. Whatever state a killed process or server has left is waited for (a start or a
 * stop under way) or cleared away (a dead one's files).
 */
export async function ensureServer(
  home: Home,
  prepare: () => Promise<{ readonly binaries: Binaries; readonly account: ServerAccount | undefined }>,
  signal?: AbortSignal,
): Promise<Postmaster> {
  const deadline = Date.now() + START_PATIENCE_MILLISECONDS
  for (;;) {
    signal?.throwIfAborted()
    const found = findPostmaster(home.data)
    if (found === undefined) await startOver(home, await prepare(), signal)
    else if (found.state === 'ready' && (await answers(addressOf(found)))) return found
    if (Date.now() > deadline) throw doesNotAnswer(home, found)
    await delay(POLL_MILLISECONDS, undefined, { signal })
  }
}

/** Stops it, at once or by and by, until nothing of it is left. Does nothing but clear up when none runs. */
export async function stopServer(home: Home): Promise<void> {
  const socketDirectory = readPostmasterFile(home.data)?.socketDirectory
  const isGone =
    (await signalAndWait(home, 'SIGINT', FAST_STOP_MILLISECONDS)) ||
    (await signalAndWait(home, 'SIGQUIT', IMMEDIATE_STOP_MILLISECONDS))
  if (!isGone) await signalAndWait(home, 'SIGKILL', IMMEDIATE_STOP_MILLISECONDS)
  killServerProcesses(home.data)
  if (socketDirectory !== undefined) removeSocketDirectory(socketDirectory)
}

async function startOver(
  home: Home,
  { binaries, account }: { readonly binaries: Binaries; readonly account: ServerAccount | undefined },
  signal?: AbortSignal,
): Promise<void> {
  killServerProcesses(home.data)
  await launchServer(home, binaries, account, signal)
}

async function signalAndWait(home: Home, signal: NodeJS.Signals, patience: number): Promise<boolean> {
  const found = findPostmaster(home.data)
  if (found === undefined) return true
  sendSignal(found.pid, signal)
  const deadline = Date.now() + patience
  while (Date.now() < deadline) {
    if (findPostmaster(home.data)?.pid !== found.pid) return true
    await delay(POLL_MILLISECONDS)
  }
  return false
}

function addressOf({
  port,
  socketDirectory,
}: Postmaster): { readonly path: string } | { readonly host: string; readonly port: number } {
  return socketDirectory === ''
    ? { host: '127.0.0.1', port }
    : { path: `${socketDirectory}/.s.PGSQL.${port}` }
}

function doesNotAnswer(home: Home, found: Postmaster | undefined): Error {
  return postgresUnavailable(
    `The server of ${home.data}${found === undefined ? '' : ` (pid ${found.pid}, ${found.state})`} did not answer in ` +
      `${START_PATIENCE_MILLISECONDS / 1000} s. Read ${home.log}, end that process, and start again.`,
    { data: home.data, pid: found?.pid, log: home.log },
  )
}
