/** A server's scheduler in a process of its own, begun again when it dies. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../core/ports/logger.ts'
import { unsealed } from '../process/sealed-message.ts'
import type { ObservationSource } from '../telemetry/metrics-registry.ts'
import type { WorkerModule } from '../workers/messages.ts'
import { unpackError } from './packed-error.ts'
import type { FromSchedulerProcess, ToSchedulerProcess } from './scheduler-messages.ts'

export interface ForkedSchedulerOptions {
  /** As for the pool: a function that makes a `PoolBatch`, whose schedules are fired. */
  readonly module: WorkerModule
  readonly logger: Logger
  readonly observations?: () => ObservationSource
  readonly orphanGraceMilliseconds: number
  /** The process has died: what it ran is nobody's now. */
  readonly onDeath?: () => void
}

export interface ForkedScheduler {
  /** Nothing is fired from here on. Resolves when its runs have ended, and the process too. Asking again waits too. */
  readonly drain: (reason: string, grace?: { readonly graceMilliseconds: number }) => Promise<void>
  readonly abort: (reason: string) => void
}

/** So that one that dies at once does not keep the machine busy. */
const PAUSE_MILLISECONDS = 1_000
/** Beyond the grace of a drain. */
const MARGIN_MILLISECONDS = 5_000

/** Resolves when it fires. @throws BatchError why it cannot: what is wrong with the project or its schedules */
export async function forkScheduler(options: ForkedSchedulerOptions): Promise<ForkedScheduler> {
  const { logger, onDeath = () => {} } = options
  const draining = new AbortController()
  let current = begin(options)
  await current.firing
  const keeping = (async () => {
    for (;;) {
      const how = await current.ended
      if (draining.signal.aborted) return
      logger.error({ schedulerPid: current.child.pid }, `the scheduler's process ${how}; it is begun again`)
      onDeath()
      await pause(draining.signal)
      if (draining.signal.aborted) return
      current = begin(options)
      current.firing.catch((error: unknown) => logger.error({ err: error }, 'the scheduler could not begin'))
    }
  })()
  return {
    drain: async (reason, grace) => {
      const graceMilliseconds = grace?.graceMilliseconds ?? null
      draining.abort()
      send(current.child, { type: 'drain', reason, graceMilliseconds })
      const killing = graceMilliseconds === null ? undefined : killLate(current.child, graceMilliseconds)
      await keeping
      clearTimeout(killing)
    },
    abort: (reason) => send(current.child, { type: 'abort', reason }),
  }
}

interface SchedulerProcess {
  readonly child: ChildProcess
  readonly firing: Promise<void>
  /** How, in words. */
  readonly ended: Promise<string>
}

function begin({ module, observations, orphanGraceMilliseconds }: ForkedSchedulerOptions): SchedulerProcess {
  const child = fork(fileURLToPath(new URL('./scheduler-process.js', import.meta.url)), {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: process.execArgv.filter((option) => !option.startsWith('--inspect')),
  })
  child.stdout?.on('data', (text: Uint8Array) => void process.stderr.write(text))
  child.stderr?.on('data', (text: Uint8Array) => void process.stderr.write(text))
  const source = observations?.()
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(`could not be started: ${error.message}`)
    })
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
    )
  })
  void ended.then(() => source?.close())
  const firing = new Promise<void>((resolve, reject) => {
    child.on('message', (heard) => {
      const message = unsealed<FromSchedulerProcess>(heard)
      if (message?.type === 'firing') resolve()
      else if (message?.type === 'failed') reject(unpackError(message.error))
      else if (message !== undefined) source?.tell(message.observation)
    })
    void ended.then((how) => reject(new Error(`the scheduler's process ${how} before it fired`)))
  })
  firing.catch(() => {}) // whoever waits is told
  const place = {
    module: String(module.module),
    export: module.export ?? 'default',
    argument: module.argument,
  }
  send(child, { type: 'open', module: place, orphanGraceMilliseconds })
  return { child, firing, ended }
}

function send(child: ChildProcess, message: ToSchedulerProcess): void {
  if (child.connected) child.send(message, () => {}) // one that is gone is noticed by its exit
}

function killLate(child: ChildProcess, graceMilliseconds: number): NodeJS.Timeout {
  return setTimeout(() => child.kill('SIGKILL'), graceMilliseconds + MARGIN_MILLISECONDS)
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PAUSE_MILLISECONDS)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}
