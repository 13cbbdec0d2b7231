/** Keeps one watcher beside each running server. Callers hold the home's lock. */

import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Home } from './home.ts'
import { runsWithArgument, sendSignal } from './running-process.ts'

/** It polls some files; the default heaps would let it grow to many times of what it needs. */
const SMALL = ['--max-old-space-size=16', '--max-semi-space-size=1', '--v8-pool-size=0']

export function ensureWatcher(home: Home): void {
  if (findWatcher(home) !== undefined) return
  const script = fileURLToPath(new URL('./watcher.js', import.meta.url))
  // Without our environment: NODE_OPTIONS may carry a debugger, a coverage tool or a loader. Without our streams: it
  // would keep the pipe of `npm start | tee` open.
  const child = spawn(process.execPath, [...SMALL, script, home.root], {
    cwd: '/',
    detached: true,
    env: { SystemRoot: process.env['SystemRoot'], TMPDIR: process.env['TMPDIR'] },
    stdio: 'ignore',
    windowsHide: true,
  })
  child.on('error', () => undefined) // no pid then, and the next start tries again
  child.unref()
  rmSync(home.watcher, { force: true })
  if (child.pid !== undefined) writeFileSync(home.watcher, String(child.pid))
}

/** After a clean stop there is nothing to watch; it would notice within a second by itself. */
export function endWatcher(home: Home): void {
  const pid = findWatcher(home)
  rmSync(home.watcher, { force: true })
  if (pid !== undefined) sendSignal(pid, 'SIGTERM')
}

function findWatcher(home: Home): number | undefined {
  const pid = Number(readPid(home))
  // A copied project has the file of the original's watcher: only ours was started with this home.
  return runsWithArgument(pid, home.root) ? pid : undefined
}

function readPid(home: Home): string {
  try {
    return readFileSync(home.watcher, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
