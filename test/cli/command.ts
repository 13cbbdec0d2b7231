/** Runs the compiled `batchwright` command as a process of its own, as a user and a scheduler do. */
import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import type { TestDatabase } from '../embedded-postgres.ts'

const BIN = resolve('dist/src/cli/bin.js')
export const FIXTURES: string = resolve('test/cli/fixtures')
export const JOBS: string = resolve(FIXTURES, 'jobs.ts')
export const IN_MEMORY: readonly string[] = ['--config', resolve(FIXTURES, 'memory.config.ts')]

export interface CommandOptions {
  /** @default a folder without a config */
  readonly cwd?: string
  readonly environment?: Readonly<Record<string, string>>
  /** What standard input holds. @default nothing */
  readonly input?: string
}

export interface CommandEnd {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCommand {
  readonly ended: Promise<CommandEnd>
  /** Resolves when standard error holds the text. */
  readonly said: (text: string) => Promise<void>
  /** What the pattern's group matches in standard error, as soon as it does. */
  readonly told: (pattern: RegExp) => Promise<string>
  readonly kill: (signal: NodeJS.Signals) => void
}

/** Runs to the end. */
export function command(args: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
  return startCommand(args, options).ended
}

export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { cwd = tmpdir(), environment = {}, input } = options
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { ...cleanEnvironment(), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // A command that ends without reading it closes the pipe.
  child.stdin.on('error', () => {}).end(input ?? '')
  const text = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk))
  return {
    ended: new Promise((done) => child.once('close', (exitCode) => done({ exitCode, ...text }))),
    said: async (wanted) => {
      await heard(child, () => text.stderr, wanted)
    },
    told: (pattern) => heard(child, () => text.stderr, pattern),
    kill: (signal) => void child.kill(signal),
  }
}

/** Where the suite's database is, for the command's environment. */
export function environmentOf({ connection, schema }: TestDatabase): Readonly<Record<string, string>> {
  const { host = '', port = 5432, user = '', password, database = '' } = connection
  const url = new URL(`postgres://${user}@base:${port}/${database}`)
  if (typeof password === 'string') url.password = password
  url.searchParams.set('host', host)
  return { DATABASE_URL: url.href, BATCHWRIGHT_SCHEMA: schema }
}

/** The object that a command printed with --json. */
export function jsonOf({ stdout }: CommandEnd): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>
}

function heard(child: ChildProcess, text: () => string, wanted: string | RegExp): Promise<string> {
  const find = (): string | undefined =>
    typeof wanted === 'string' ? (text().includes(wanted) ? wanted : undefined) : wanted.exec(text())?.[1]
  return new Promise((done, fail) => {
    const look = (): void => {
      const found = find()
      if (found !== undefined) done(found)
    }
    child.stderr?.on('data', look)
    child.once('close', () =>
      fail(new Error(`the command ended without saying ${String(wanted)}: ${text()}`)),
    )
    look()
  })
}

/** What the one who runs the tests has set must not change them. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(BATCHWRIGHT_.*|DATABASE_URL|NO_COLOR|FORCE_COLOR|CI|PG.*|npm_.*)$/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)))
}
