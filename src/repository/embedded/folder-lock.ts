/** A lock between the processes of one machine, kept in the file system and freed by the death of its holder. */

import { randomBytes } from 'node:crypto'
import { readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { identifyProcess, isRunning } from './running-process.ts'
import { postgresUnavailable } from './postgres-unavailable.ts'

const POLL_MILLISECONDS = 10
/** Longer than the longest start (a crash recovery), so that only a holder that hangs is ever reported. */
const PATIENCE_MILLISECONDS = 180_000

/**
 * Runs the work while no other holder of this path runs, in this process or another. A dead holder's lock is taken
 * over at once; a living one is waited for. Rejects with the signal's reason while waiting.
 */
export async function withFolderLock<T>(
  path: string,
  work: () => T | Promise<T>,
  signal?: AbortSignal,
  patienceMs: number = PATIENCE_MILLISECONDS,
): Promise<T> {
  await acquire(path, patienceMs, signal)
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

/**
 * The lock is a symbolic link whose target names the holder: one system call makes both, so that no reader ever meets
 * a lock without a holder, and a kill leaves no half-written file.
 */
async function acquire(path: string, patienceMs: number, signal?: AbortSignal): Promise<void> {
  const holder = `${identifyProcess()}-${randomBytes(4).toString('hex')}`
  const deadline = Date.now() + patienceMs
  while (!tryLink(path, holder)) {
    signal?.throwIfAborted()
    const current = readHolder(path)
    if (current === undefined) continue
    if (!isRunning(current)) await breakLock(path, current, signal)
    else if (Date.now() > deadline) throw lockIsStuck(path, current, patienceMs)
    else await delay(POLL_MILLISECONDS, undefined, { signal })
  }
}

/**
 * Two who see the same dead holder must not both remove the lock: the second would remove the first one's new lock.
 * So a dead holder's lock may only be removed under a second lock named after that holder, by who still sees it there.
 */
async function breakLock(path: string, dead: string, signal?: AbortSignal): Promise<void> {
  const removeIfStillThere = (): void => {
    if (readHolder(path) === dead) rmSync(path, { force: true })
  }
  await withFolderLock(`${path}.${dead}`, removeIfStillThere, signal)
}

function tryLink(path: string, holder: string): boolean {
  try {
    symlinkSync(holder, path, 'junction')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder(path: string): string | undefined {
  try {
    return basename(readlinkSync(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function lockIsStuck(path: string, holder: string, patienceMs: number): Error {
  const pid = Number(holder.split('-')[0])
  return postgresUnavailable(
    `Process ${pid} has held the lock ${path} for ${patienceMs / 1000} s and is still alive. End it and start again.`,
    { path, pid },
  )
}
