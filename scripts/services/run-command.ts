/** Runs a command with the addresses of the servers in its environment, and answers its exit code. */

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { ServicesUnavailable } from './services-unavailable.ts'
import type { ServicesEnvironment } from './start-services.ts'
import { whenOrphaned } from './when-orphaned.ts'

const GRACE_MS = 10_000

/**
 * As a shell would answer it: 128 and the signal's number for a command that was killed. When the signal aborts, the
 * command is asked to end, and killed after ten seconds; its own end is waited for in every case. Throws
 * ServicesUnavailable when there is no such command.
 */
export async function runCommand(
  [program, ...args]: readonly [string, ...string[]],
  environment: ServicesEnvironment,
  signal: AbortSignal,
): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...environment } })
  const release = whenOrphaned(['kill', '-TERM', String(child.pid)])
  let killer: NodeJS.Timeout | undefined
  const end = (): void => {
    child.kill('SIGTERM')
    killer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  }
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(cannotRun(program, error)))
      child.once('exit', (code, killedBy) => resolve(code ?? 128 + constants.signals[killedBy ?? 'SIGTERM']))
    })
  } finally {
    signal.removeEventListener('abort', end)
    clearTimeout(killer)
    release()
  }
}

function cannotRun(program: string, error: Error): Error {
  return new ServicesUnavailable(`The command ${program} cannot be run: ${error.message}`)
}
