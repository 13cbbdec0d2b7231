/** A server's scheduler in a process of its own, begun again when it dies. */
import type { Logger } from '../core/ports/logger.ts'
import { endOfFork, type Fork, forkNode } from '../process/fork-node.ts'
import type { ObservationSource } from '../telemetry/metrics-registry.ts'
import { modulePlace, type WorkerModule } from '../workers/module-place.ts'
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
      current.send({ type: 'drain', reason, graceMilliseconds })
      const killing = graceMilliseconds === null ? undefined : killLate(current, graceMilliseconds)
      await keeping
      clearTimeout(killing)
    },
    abort: (reason) => current.send({ type: 'abort', reason }),
  }
}

type Forked = Fork<ToSchedulerProcess, FromSchedulerProcess>

interface SchedulerProcess extends Forked {
  readonly firing: Promise<void>
  /** How, in words. */
  readonly ended: Promise<string>
}

function begin({ module, observations, orphanGraceMilliseconds }: ForkedSchedulerOptions): SchedulerProcess {
  const forked: Forked = forkNode(new URL('./scheduler-process.js', import.meta.url))
  const { child, send, hear } = forked
  const source = observations?.()
  const ended = endOfFork(child)
  void ended.then(() => source?.close())
  const firing = new Promise<void>((resolve, reject) => {
    hear((message) => {
      if (message.type === 'firing') resolve()
      else if (message.type === 'failed') reject(unpackError(message.error))
      else source?.tell(message.observation)
    })
    void ended.then((how) => reject(new Error(`the scheduler's process ${how} before it fired`)))
  })
  firing.catch(() => {}) // whoever waits is told
  send({ type: 'open', module: modulePlace(module), orphanGraceMilliseconds })
  return { ...forked, firing, ended }
}

function killLate({ child }: SchedulerProcess, graceMilliseconds: number): NodeJS.Timeout {
  return setTimeout(() => child.kill('SIGKILL'), graceMilliseconds + MARGIN_MILLISECONDS)
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PAUSE_MILLISECONDS)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}
