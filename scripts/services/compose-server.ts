/** A server in a container of Docker Compose, where a Docker engine runs. */

import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { LOCALHOST, requireFree } from './free-port.ts'
import { SERVICES_FOLDER } from './jars.ts'
import { answers } from './probe.ts'
import { lastLines, type ProgramEnd, runProgram } from './run-program.ts'
import type { ServerName } from './server-address.ts'
import { becomesTrue, type ServerProcess } from './server-process.ts'
import { ServicesUnavailable } from './services-unavailable.ts'
import { whenOrphaned } from './when-orphaned.ts'

export interface ComposeServer {
  readonly name: ServerName
  /** On this machine. */
  readonly port: number
  /** What the compose file asks for besides the port. */
  readonly environment: Readonly<Record<string, string>>
}

const START_PATIENCE_MS = 180_000

/** Whether the engine answers and the client has Compose: an installed client alone proves nothing. */
export function dockerEngineRuns(): boolean {
  const succeeds = (args: readonly string[]): boolean =>
    spawnSync('docker', args, { stdio: 'ignore', timeout: 10_000 }).status === 0
  return succeeds(['info']) && succeeds(['compose', 'version'])
}

/** Not yet started. The first start pulls the image when it is not there. */
export function composeServer({ name, port, environment }: ComposeServer): ServerProcess {
  const project = `batchwright-${name}-${randomBytes(4).toString('hex')}`
  const compose = ['docker', 'compose', '-f', join(SERVICES_FOLDER, 'compose.yaml'), '-p', project]
  const variables = { ...process.env, ...environment, [`${name.toUpperCase()}_PORT`]: String(port) }
  const run = (args: readonly string[], signal?: AbortSignal): Promise<ProgramEnd> =>
    runProgram([...compose, ...args], { environment: variables, signal })
  const down = ['down', '--volumes', '--timeout', '0']
  const release = whenOrphaned([...compose, ...down])
  let isUp = false
  return {
    start: async (signal) => {
      if (isUp) return
      await requireFree(name, port)
      isUp = true
      succeed(name, await run(['up', '--detach', '--no-deps', name], signal))
      const isReady = (): Promise<boolean> => answers(name, { host: LOCALHOST, port })
      if (await becomesTrue(isReady, { withinMs: START_PATIENCE_MS, signal })) return
      const { output } = await run(['logs', '--tail', '20', name])
      throw new ServicesUnavailable(
        `The container of ${name} does not answer on ${LOCALHOST}:${port} ${START_PATIENCE_MS / 1000} s after its start:\n${output}`,
      )
    },
    kill: async (signal = 'SIGKILL') => {
      if (!isUp) return
      isUp = false
      const stop = ['stop', '--timeout', '30', name]
      succeed(name, await run(signal === 'SIGTERM' ? stop : ['kill', '--signal', signal, name]))
    },
    stop: async () => {
      succeed(name, await run(down))
      release()
    },
  }
}

function succeed(name: ServerName, { exitCode, output }: ProgramEnd): void {
  if (exitCode === 0) return
  throw new ServicesUnavailable(`Docker Compose failed for ${name}:\n${lastLines(output)}`)
}
