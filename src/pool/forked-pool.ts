/** A pool of processes on this machine: one execution at a time in each, so that none can hold up or take down another. */
import { BatchError } from '../core/model/batch-error.ts'
import type { LaunchOrder } from '../core/operator/launch-order.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { ObservationSource } from '../telemetry/metrics-registry.ts'
import type { WorkerModule } from '../workers/module-place.ts'
import { endOrKill } from './end-or-kill.ts'
import type { ExecutionPool, PooledFire, PooledLaunch } from './execution-pool.ts'
import { forkPoolProcess, type PoolProcess } from './forked-process.ts'
import type { PoolAnswer, PoolRequest } from './pool-messages.ts'
import { atCapacity, serverDraining } from './pool-refusals.ts'
import { restingProcesses } from './resting-processes.ts'

export interface ForkedPoolOptions {
  /** How many executions at once, each in a process of its own. */
  readonly limit: number
  /** A function that makes the batch of the project: `PoolBatch`. */
  readonly module: WorkerModule
  readonly logger: Logger
  /** How long a process that is not needed waits for work; the last one stays. @default 60_000 */
  readonly idleMilliseconds?: number
  /** How long a process may take to load the project; then it is killed. @default 120_000 */
  readonly loadMilliseconds?: number
  /** How long the open chunk of an execution may take once the server is gone. @default 25_000 */
  readonly orphanGraceMilliseconds?: number
  /**
   * Asked where there is no place: answers for what needs none, as a key that is known, or throws this refusal. So a client that asks
   * again for what runs here is not sent away because of it. @default the refusal
   */
  readonly whenFull?: (order: LaunchOrder, refusal: BatchError) => Promise<PooledLaunch>
  /** Called for each process: where its observations go. @default nowhere */
  readonly observations?: () => ObservationSource
  /** A process has died in the middle of a request: the execution that it ran is nobody's now. */
  readonly onDeath?: (death: PoolDeath) => void
}

export interface PoolDeath {
  readonly pid: number | undefined
  /** Null where it had not answered yet, so that only the repository knows whether it has launched. */
  readonly jobExecutionId: string | null
  readonly how: string
}

export interface ForkedPool extends ExecutionPool, AsyncDisposable {
  /** Resolves when a process has loaded the project. @throws BatchError why it could not */
  readonly ready: () => Promise<void>
}

const ORPHAN_GRACE_MILLISECONDS = 25_000

interface Drain {
  readonly reason: string
  readonly graceMilliseconds: number | null
}

/** Nothing is forked before `ready` or the first launch. Closing it drains it, and ends the processes. */
export function forkedPool(options: ForkedPoolOptions): ForkedPool {
  const { limit, logger, module, loadMilliseconds, onDeath = () => {}, whenFull = refuse } = options
  const { orphanGraceMilliseconds = ORPHAN_GRACE_MILLISECONDS } = options
  const busy = new Map<PoolProcess, Promise<void>>()
  const isLast = () => idle.size() + busy.size <= 1
  const idle = restingProcesses(isLast, options.idleMilliseconds)
  let active = 0
  let draining: Drain | undefined

  const fork = (): PoolProcess => {
    const source = options.observations?.()
    const process = forkPoolProcess({ module, orphanGraceMilliseconds, loadMilliseconds, source })
    void process.ended.then(() => idle.remove(process))
    return process
  }
  const rest = (process: PoolProcess): void => {
    if (draining === undefined) idle.add(process)
    else process.end()
  }

  const tellDeath = async (process: PoolProcess, jobExecutionId: string | null): Promise<void> => {
    const how = await process.ended
    if (await isFailedLoad(process)) return
    logger.error(
      { poolPid: process.pid, execution: jobExecutionId },
      `process ${process.pid} of the pool ${how}`,
    )
    onDeath({ pid: process.pid, jobExecutionId, how })
  }

  const ask = async (request: PoolRequest): Promise<PoolAnswer> => {
    if (draining !== undefined) throw serverDraining(draining.reason)
    if (active >= limit) throw atCapacity(limit)
    // First, for it may throw: a machine without memory starts no process.
    const process = idle.take() ?? fork()
    active += 1
    let jobExecutionId: string | null = null
    const { promise: over, resolve: isOver } = withResolvers()
    busy.set(process, over)
    const leave = (): void => {
      active -= 1
      busy.delete(process)
      isOver()
    }
    const answer = await process.ask(request, (state) => {
      if (state === 'gone') return void tellDeath(process, jobExecutionId).then(leave)
      leave()
      rest(process)
    })
    if (answer.outcome === 'started' || answer.outcome === 'FIRED') jobExecutionId = executionIdOf(answer)
    return answer
  }

  const allOver = async (): Promise<void> => {
    while (busy.size > 0) await Promise.all(busy.values())
  }

  const drain: ExecutionPool['drain'] = async (reason, grace) => {
    const graceMilliseconds = grace?.graceMilliseconds ?? null
    draining ??= { reason, graceMilliseconds }
    idle.endAll()
    for (const process of busy.keys()) process.interrupt(reason, graceMilliseconds)
    await endOrKill(allOver(), graceMilliseconds, () => {
      for (const process of busy.keys()) process.kill()
    })
  }

  return {
    limit,
    active: () => active,
    launch: (order) => {
      if (draining === undefined && active >= limit) return whenFull(order, atCapacity(limit))
      return launched(ask({ kind: 'launch', order }))
    },
    restart: (order) => launched(ask({ kind: 'restart', order })),
    redrive: (order) => launched(ask({ kind: 'redrive', order })),
    trigger: async (order) => (await ask({ kind: 'trigger', order })) as PooledFire,
    drain,
    abort: (reason) => {
      for (const process of busy.keys()) process.abort(reason)
    },
    ready: async () => {
      if (idle.size() + busy.size > 0) return
      const process = fork()
      await process.ready
      rest(process)
    },
    [Symbol.asyncDispose]: () => drain('the pool was closed'),
  }
}

/** `Promise.withResolvers` of later Nodes. */
function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

function executionIdOf(answer: PoolAnswer): string | null {
  return 'execution' in answer ? answer.execution.id : null
}

/** Whoever has asked was told why the project cannot be loaded; nothing was launched. */
async function isFailedLoad(process: PoolProcess): Promise<boolean> {
  return process.ready.then(
    () => false,
    (error: unknown) => !(error instanceof BatchError && error.code === 'POOL_PROCESS_DIED'),
  )
}

async function launched(answering: Promise<PoolAnswer>): Promise<PooledLaunch> {
  return (await answering) as PooledLaunch
}

function refuse(_: LaunchOrder, refusal: BatchError): Promise<PooledLaunch> {
  return Promise.reject(refusal)
}
