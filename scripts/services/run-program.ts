/** Runs a program to its end and keeps what it said. */

import { spawn } from 'node:child_process'

export interface ProgramEnd {
  /** Undefined when it could not be started, or was killed. */
  readonly exitCode: number | undefined
  /** Both of its streams, in the order in which they came. */
  readonly output: string
}

export interface ProgramOptions {
  readonly cwd?: string
  readonly environment?: NodeJS.ProcessEnv
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

/** Rejects only with the signal's reason: how the program ended is for the caller to judge. */
export async function runProgram(
  command: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramEnd> {
  const { cwd, environment = process.env, timeoutMs, signal } = options
  signal?.throwIfAborted()
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    ...(cwd === undefined ? {} : { cwd }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
  })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text))
  }
  const exitCode = await new Promise<number | undefined>((resolve) => {
    child.once('error', (error) => {
      said.push(error.message)
      resolve(undefined)
    })
    child.once('close', (code) => resolve(code ?? undefined))
  })
  signal?.throwIfAborted()
  return { exitCode, output: said.join('') }
}

/** The end of a text, where programs say why they gave up. */
export function lastLines(text: string, count = 20): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
