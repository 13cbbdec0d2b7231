/** Which processes run, told in a way that survives the reuse of a pid: by start time, or by command line. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isPidTaken, type ProcessStart, processStart } from '../../process/process-start.ts'

/**
 * `<pid>-<start time>` of a running process, by default this one; undefined when there is none. A zombie counts as
 * gone: nobody may be there to reap it (a container's pid 1 often does not), and it holds nothing any more.
 */
export function identifyProcess(pid: number = process.pid): string | undefined {
  const found = startOf(pid)
  return found.state === 'running' ? `${pid}-${found.startedAt}` : undefined
}

/**
 * Answers for `<pid>-<start time>`, with or without further `-` parts after it. A process of which the system does not
 * tell counts as running: what it holds is not taken from it.
 */
export function isRunning(identity: string): boolean {
  const [pid = '', startedAt = ''] = identity.split('-')
  const found = startOf(Number(pid))
  return found.state === 'unknown' || (found.state === 'running' && found.startedAt === startedAt)
}

/** Whether the pid is running and was started with exactly this argument, such as a data folder. */
export function runsWithArgument(pid: number, argument: string): boolean {
  if (identifyProcess(pid) === undefined) return false
  switch (process.platform) {
    case 'linux':
      return commandLine(pid).includes(argument)
    case 'win32':
      return true
    default:
      return askPs(pid, 'command=').includes(argument)
  }
}

/** The arguments of a process on Linux; a Postgres backend has one, its title. Empty when it is gone. */
export function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return [''] // gone, or between two states: both mean that it does not answer for anything
  }
}

function startOf(pid: number): ProcessStart {
  if (!Number.isSafeInteger(pid) || pid <= 0) return { state: 'ended' }
  switch (process.platform) {
    case 'linux':
      return processStart(pid)
    case 'win32':
      return isPidTaken(pid) ? { state: 'running', startedAt: '0' } : { state: 'ended' }
    default:
      return startByPs(pid)
  }
}

function startByPs(pid: number): ProcessStart {
  const [state, ...started] = askPs(pid, 'state=,lstart=').trim().split(/\s+/)
  if (state === undefined || state === '' || state.startsWith('Z')) return { state: 'ended' }
  return { state: 'running', startedAt: String(Date.parse(started.join(' '))) }
}

/** Does nothing when the process has just ended, or is another account's, whose own watcher then ends it. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}

function askPs(pid: number, columns: string): string {
  try {
    return execFileSync('ps', ['-ww', '-o', columns, '-p', String(pid)], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return '' // ps ends with 1 when there is no such process
  }
}
