/** Runs one program of Postgres to its end. */

import { spawn } from 'node:child_process'
import { postgresUnavailable } from './postgres-unavailable.ts'
import type { ServerAccount } from './server-account.ts'

export interface Program {
  readonly path: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly account: ServerAccount | undefined
  readonly input?: string
}

/** Rejects with what the program wrote to stderr when it fails, and with the signal's reason when aborted. */
export async function runProgram(program: Program, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  // The account may not be allowed into our working folder, and every program of Postgres first asks for its name.
  const child = spawn(program.path, program.args, {
    cwd: '/',
    env: program.env,
    stdio: ['pipe', 'ignore', 'pipe'],
    windowsHide: true,
    ...program.account,
    ...(signal === undefined ? {} : { signal }),
  })
  const stderr: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text))
  // A program that failed early has closed its end; its exit status says more than our EPIPE.
  child.stdin.on('error', () => undefined).end(program.input ?? '')
  const ended = await new Promise<{ code: number | null } | { error: Error }>((resolve) => {
    child.once('error', (error) => resolve({ error }))
    child.once('close', (code) => resolve({ code }))
  })
  signal?.throwIfAborted()
  if ('error' in ended) throw cannotRun(program.path, ended.error)
  if (ended.code !== 0) throw programFailed(program, ended.code, stderr.join(''))
}

/** The message of ENOENT alone would send people looking for a file that is there. */
export function cannotRun(path: string, cause: Error): Error {
  return postgresUnavailable(
    `${path} could not be run (${cause.message}): its file system may forbid programs (noexec), or the system may lack ` +
      'the C library that it is linked against. Install the project where programs may run.',
    { path },
    cause,
  )
}

function programFailed({ path, args }: Program, code: number | null, stderr: string): Error {
  return postgresUnavailable(
    `${path} ended with status ${code}: ${stderr.trim().slice(-2000)} Remove the cause and start again.`,
    { path, args, code },
  )
}
