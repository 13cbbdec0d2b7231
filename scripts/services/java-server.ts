/** A server on the JVM, in a throw-away folder, that ends with the process that started it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { requireFree } from './free-port.ts'
import { javaProgram } from './machine-needs.ts'
import { answers } from './probe.ts'
import { lastLines } from './run-program.ts'
import { becomesTrue, type ServerProcess } from './server-process.ts'
import type { ServerAddress, ServerName } from './server-address.ts'
import { ServicesUnavailable } from './services-unavailable.ts'
import { whenOrphaned } from './when-orphaned.ts'

export interface JavaServer {
  readonly name: ServerName
  readonly address: ServerAddress
  /** All that it listens on. */
  readonly ports: readonly number[]
  /** Holds data, settings, log and pid; deleted by `stop`. */
  readonly folder: string
  readonly javaArguments: readonly string[]
}

/** Small machines: a compiler and a collector that ask for little. Throughput is not what these servers are for. */
export const FRUGAL_JAVA: readonly string[] = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Djava.awt.headless=true',
]

const START_PATIENCE_MS = 120_000
const END_PATIENCE_MS = 30_000

/** The pid is written before Java begins, so that at no moment a server runs of which the keeper does not know. */
const LAUNCH = 'echo $$ > "$0/pid" || exit 1; exec "$@"'

/** With the folder gone, what has not begun yet cannot. The second removal is for what was written during the first. */
const END_ORPHAN = `pid=$(cat "$0/pid") && kill -9 "$pid"
rm -rf "$0" || { sleep 1; rm -rf "$0"; }`

/** Not yet started. */
export function javaServer(server: JavaServer): ServerProcess {
  const release = whenOrphaned(['sh', '-c', END_ORPHAN, server.folder])
  let child: ChildProcess | undefined
  const kill = async (signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> => {
    await endProcess(child, signal)
    child = undefined
    // Otherwise the keeper could kill a stranger who was given the pid.
    await rm(join(server.folder, 'pid'), { force: true })
  }
  return {
    start: async (signal) => {
      if (isAlive(child)) return
      for (const port of server.ports) await requireFree(server.name, port)
      child = launch(server)
      try {
        await untilItAnswers(server, child, signal)
      } catch (error) {
        await kill()
        throw error
      }
    },
    kill,
    stop: async () => {
      await kill()
      await rm(server.folder, { recursive: true, force: true, maxRetries: 5 })
      release()
    },
  }
}

function launch({ folder, javaArguments }: JavaServer): ChildProcess {
  const log = openSync(logOf(folder), 'a')
  try {
    // Libraries unpack their native parts there, and a killed JVM leaves them behind.
    const temporary = join(folder, 'tmp')
    mkdirSync(temporary, { recursive: true })
    const properties = [`-Djava.io.tmpdir=${temporary}`, `-Djna.tmpdir=${temporary}`]
    // By the checkout CI finds what was left running.
    const checkout = `-Dbatchwright.checkout=${process.cwd()}`
    const command = [javaProgram(), checkout, ...properties, ...javaArguments]
    const child = spawn('sh', ['-c', LAUNCH, folder, ...command], {
      cwd: folder,
      detached: true, // Ctrl-C in a terminal goes to the whole group; the server is ended by us.
      stdio: ['ignore', log, log],
    })
    child.on('error', () => undefined) // Seen as a process that has ended.
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

async function untilItAnswers(server: JavaServer, child: ChildProcess, signal?: AbortSignal): Promise<void> {
  const { name, address, folder } = server
  const ready = await becomesTrue(() => answers(name, address), {
    withinMs: START_PATIENCE_MS,
    isOver: () => !isAlive(child),
    signal,
  })
  if (ready) return
  const fate = isAlive(child)
    ? `does not answer on ${address.host}:${address.port} ${START_PATIENCE_MS / 1000} s after its start`
    : `died while starting (${child.signalCode ?? `exit code ${child.exitCode}`})`
  throw new ServicesUnavailable(
    `${name} ${fate}. The last lines of its log:\n${lastLines(readFileSync(logOf(folder), 'utf8'))}`,
  )
}

async function endProcess(child: ChildProcess | undefined, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child === undefined || !isAlive(child)) return
  const exited = once(child, 'exit')
  const timer = setTimeout(() => child.kill('SIGKILL'), END_PATIENCE_MS)
  child.ref()
  child.kill(signal)
  await exited
  clearTimeout(timer)
}

function isAlive(child: ChildProcess | undefined): boolean {
  return child?.pid !== undefined && child.exitCode === null && child.signalCode === null
}

function logOf(folder: string): string {
  return join(folder, 'log')
}
