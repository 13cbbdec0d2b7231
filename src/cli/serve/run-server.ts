/** A server at work: its API, its pool, its scheduler, and what servers before it have left. */
import type { Batch } from '../../create-batch.ts'
import { isLoopbackHost } from '../../core/model/loopback-host.ts'
import { createHttpApi } from '../../http/create-http-api.ts'
import { continueExecutions, type Continuing } from '../../pool/continue-executions.ts'
import { forkedPool, type ForkedPool } from '../../pool/forked-pool.ts'
import { forkScheduler, type ForkedScheduler } from '../../pool/forked-scheduler.ts'
import { processIdentity, processRequester } from '../../process/process-identity.ts'
import { systemClock } from '../../process/system-clock.ts'
import { cronSlots } from '../../scheduling/cron-slots.ts'
import type { ScheduleDefinition } from '../../scheduling/define-schedule.ts'
import { type Metrics, metricsRegistry } from '../../telemetry/metrics-registry.ts'
import { observedOperator } from '../../telemetry/observed-operator.ts'
import { type AskFacts, repositoryFacts } from '../../telemetry/repository-facts.ts'
import type { WorkerModule } from '../../workers/module-place.ts'
import { listen, type Listening } from './listen.ts'
import type { ServerSetting } from './server-setting.ts'

export interface ServerOrder {
  readonly batch: Batch
  readonly schedules: readonly ScheduleDefinition[]
  readonly setting: ServerSetting
  /** What processes of the pool load. */
  readonly module: WorkerModule
  readonly withScheduler: boolean
  /** After the death of the server, and of a drain where none is given. */
  readonly graceMilliseconds: number
}

type Grace = { readonly graceMilliseconds: number }

export interface RunningServer {
  readonly url: string
  /**
   * Not ready any more, launches nothing, ends long polls and streams; what runs finishes its open chunk and is stopped, to be
   * continued by the next server. Resolves when all has ended, and the port is free.
   */
  readonly drain: (reason: string, grace?: Grace) => Promise<void>
  /** Gives up what runs. */
  readonly abort: (reason: string) => void
}

interface Parts {
  readonly pool: ForkedPool
  readonly scheduler: ForkedScheduler | undefined
  readonly continuing: Continuing
  readonly listening: Listening
  readonly draining: AbortController
  readonly closeApi: () => void
}

/** @throws BatchError PORT_UNAVAILABLE; INVALID_CONFIGURATION, INVALID_SCHEDULE where the project cannot be loaded */
export async function runServer(order: ServerOrder): Promise<RunningServer> {
  const { batch, setting, module, withScheduler, graceMilliseconds } = order
  const { logger } = batch
  const metrics = metricsRegistry({ facts: factsOf(order) })
  // What is answered here, and in no process of the pool, counts too.
  const operator = observedOperator(batch.operator, metrics.tell)
  let continuing: Continuing | undefined
  const shared = {
    module,
    logger,
    observations: metrics.source,
    orphanGraceMilliseconds: graceMilliseconds,
    onDeath: () => continuing?.wake(),
  }
  const pool = forkedPool({
    ...shared,
    limit: setting.concurrency,
    whenFull: async (order, onlyExisting) => {
      const answer = await operator.launch(order, { onlyExisting })
      if (answer.outcome === 'started') throw new Error('launched where there is no place')
      return answer
    },
  })
  const draining = new AbortController()
  const api = apiOf(order, { pool, metrics, draining })
  const listening = await listen(api.fetch, setting)
  let scheduler: ForkedScheduler | undefined
  try {
    await pool.ready()
    scheduler = withScheduler ? await forkScheduler(shared) : undefined
  } catch (error) {
    api.close()
    await Promise.all([listening.close(), pool.drain('the server could not begin')])
    throw error
  }
  continuing = continuingOf(order, pool)
  const parts = { pool, scheduler, continuing, listening, draining, closeApi: api.close }
  return {
    url: listening.url,
    drain: (reason, grace) => drain(parts, reason, grace),
    abort: (reason) => {
      pool.abort(reason)
      scheduler?.abort(reason)
    },
  }
}

function apiOf(
  { batch, schedules, setting }: ServerOrder,
  {
    pool,
    metrics,
    draining,
  }: { readonly pool: ForkedPool; readonly metrics: Metrics; readonly draining: AbortController },
) {
  const { tokens, mask } = setting
  return createHttpApi({
    batch,
    pool,
    schedules,
    tokens,
    ...(tokens.length === 0 && { anonymous: isLoopbackHost(setting.host) ? 'loopback' : 'anywhere' }),
    ...(mask && { mask }),
    metrics,
    readiness: [{ name: 'pool', check: () => pool.ready() }],
    draining: draining.signal,
  })
}

function factsOf({ batch, schedules }: ServerOrder): AskFacts {
  const slots = schedules.map(({ name: schedule, cron, timezone }) => {
    const known = cronSlots(cron, timezone)
    return { schedule, next: () => known.next(new Date(), 1)[0] }
  })
  return repositoryFacts(batch.repository, slots)
}

function continuingOf({ batch, setting }: ServerOrder, pool: ForkedPool): Continuing {
  const { operator, repository, logger } = batch
  const { onStopped, onRecovered } = setting
  const by = `server ${processRequester(processIdentity())}`
  const clock = systemClock
  return continueExecutions({ operator, repository, pool, logger, clock, by, onStopped, onRecovered })
}

/** The port stays open until all has ended: whoever asks is told that the server is ending. */
async function drain(parts: Parts, reason: string, grace?: Grace): Promise<void> {
  const { pool, scheduler, continuing, listening, draining, closeApi } = parts
  draining.abort(new Error(reason))
  await Promise.all([pool.drain(reason, grace), scheduler?.drain(reason, grace)])
  await continuing.end()
  closeApi()
  await listening.close()
}
