/** A server's scheduler in a process of its own, begun again when it dies. */
import type { Logger } from '../core/ports/logger.ts'
import { type Fork, forkNode } from '../process/fork-node.ts'
import { systemClock } from '../process/system-clock.ts'
import type { ObservationSource } from '../telemetry/metrics-registry.ts'
import type { WorkerModule } from '../workers/module-place.ts'
import { endOrKill } from './end-or-kill.ts'
import { openFork, type OpenFork } from './open-fork.ts'
import type { FromSchedulerProcess, ToSchedulerProcess } from './scheduler-messages.ts'

export interface ForkedSchedulerOptions {
  /** As for the pool: a function that makes a `PoolBatch`, whose schedules are fired. */
  readonly module: WorkerModule
  readonly logger: Logger
  readonly observations?: () => ObservationSource
  readonly orphanGraceMilliseconds: number
  /** How long it may take until it fires; then it is killed. @default 120_000 */
  readonly loadMilliseconds?: number
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

/** Resolves when it fires. @throws BatchError why it cannot: what is wrong with the project or its schedules */
export async function forkScheduler(options: ForkedSchedulerOptions): Promise<ForkedScheduler> {
  const { logger, onDeath = () => {} } = options
  const draining = new AbortController()
  let current = begin(options)
  await current.ready
  const keeping = (async () => {
    for (;;) {
      const how = await current.ended
      if (draining.signal.aborted) return
      logger.error({ schedulerPid: current.child.pid }, `the scheduler's process ${how}; it is begun again`)
      onDeath()
      await systemClock.sleep(PAUSE_MILLISECONDS, draining.signal).catch(() => undefined)
      if (draining.signal.aborted) return
      current = begin(options)
      current.ready.catch((error: unknown) => logger.error({ err: error }, 'the scheduler could not begin'))
    }
  })()
  return {
    drain: async (reason, grace) => {
      const graceMilliseconds = grace?.graceMilliseconds ?? null
      draining.abort()
      current.send({ type: 'drain', reason, graceMilliseconds })
      await endOrKill(keeping, graceMilliseconds, () => void current.child.kill('SIGKILL'))
    },
    abort: (reason) => current.send({ type: 'abort', reason }),
  }
}

type Forked = Fork<ToSchedulerProcess, FromSchedulerProcess>

function begin(options: ForkedSchedulerOptions): Forked & OpenFork {
  const forked: Forked = forkNode(new URL('./scheduler-process.js', import.meta.url))
  const source = options.observations?.()
  const died = (how: string) => new Error(`the scheduler's process ${how} before it fired`)
  return { ...forked, ...openFork(forked, { ...options, source, died }) }
}
