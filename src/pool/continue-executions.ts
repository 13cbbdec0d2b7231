/** Continues what servers have left: executions that were interrupted when one ended, and those whose process has died. */
import { isBatchError } from '../core/model/batch-error.ts'
import { isLive } from '../core/model/batch-status.ts'
import type { JobExecutionSummary } from '../core/model/job-execution.ts'
import {
  deathsOf,
  decideResumption,
  diedTooOften,
  isTakenByOther,
  keeperOf,
  type Resumption,
} from '../core/operator/resumption.ts'
import type { JobOperator } from '../core/operator/job-operator.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { ExecutionPool } from './execution-pool.ts'

/** What becomes of executions of servers: restarted without a person, or left to one. */
export const CONTINUATIONS = ['restart', 'leave'] as const
export type Continuation = (typeof CONTINUATIONS)[number]

export interface ContinuingOptions {
  readonly operator: JobOperator
  readonly repository: Pick<JobRepository, 'countDeaths'>
  readonly pool: ExecutionPool
  readonly logger: Logger
  readonly clock: Clock
  /** Who we are, for the record. */
  readonly by: string
  /** Those that were interrupted. */
  readonly onStopped: Continuation
  /** Those whose process has died; left, they are closed as FAILED. */
  readonly onRecovered: Continuation
  /** @default 1_000 */
  readonly everyMilliseconds?: number
}

export interface Continuing {
  /** Something has died: do not wait for the next turn. */
  readonly wake: () => void
  /** Nothing is continued from here on. Resolves after a last look at what has died meanwhile. */
  readonly end: () => Promise<void>
}

interface ContinuingParts extends ContinuingOptions {
  /** Ids of those that are to be left as they are: nothing but another version of the program, or of its settings, can change that. */
  readonly settled: Set<string>
}

const TURN_MILLISECONDS = 1_000

/**
 * Looks at the record again and again, so that a kill at any moment loses nothing. Any number of servers may do it at once: of two
 * that continue an execution, one comes second, and leaves it. What finds no free place in the pool waits for one.
 */
export function continueExecutions(options: ContinuingOptions): Continuing {
  const parts: ContinuingParts = { ...options, settled: new Set() }
  let isEnding = false
  let alarm = new AbortController()
  const work = (async () => {
    let isLost = false
    while (!isEnding) {
      alarm = new AbortController()
      const failure = await turn(parts)
      if (failure !== undefined && !isLost)
        parts.logger.error(
          { err: failure },
          'what servers have left could not be looked after; it is tried again',
        )
      isLost = failure !== undefined
      const pause = options.everyMilliseconds ?? TURN_MILLISECONDS
      await parts.clock.sleep(pause, alarm.signal).catch(() => undefined)
    }
    await turn(parts)
  })()
  return {
    wake: () => alarm.abort(),
    end: () => {
      isEnding = true
      alarm.abort()
      return work
    },
  }
}

/** Answers with what went wrong first. What goes wrong with one execution does not hold up the others. */
async function turn(parts: ContinuingParts): Promise<unknown> {
  const { operator, settled } = parts
  let failure: unknown
  try {
    for (const execution of [...(await operator.listStale()), ...(await operator.listInterrupted(settled))]) {
      if (settled.has(execution.id)) continue
      const failed = await failureOf(() => lookAfter(parts, execution))
      failure ??= failed
    }
  } catch (error) {
    failure ??= error
  }
  return failure
}

async function lookAfter(parts: ContinuingParts, execution: JobExecutionSummary): Promise<void> {
  const { operator, pool, logger } = parts
  const { id } = execution
  const resumption = await resumptionOf(parts, execution)
  if (resumption === 'close') {
    const { recovered, reason } = await operator.recover(id, { by: parts.by })
    if (recovered) logger.warn({ execution: id }, `execution ${id} is recovered: ${reason ?? ''}`)
  }
  if (resumption === 'leave') parts.settled.add(id)
  if (resumption !== 'continue' || pool.active() >= pool.limit) return
  try {
    await goOn(parts, execution)
  } catch (error) {
    if (!isRefusal(error)) throw error
    parts.settled.add(id)
    if (isLive(execution.status)) await operator.recover(id, { by: parts.by })
    logger.error({ err: error, execution: id }, `execution ${id} is not continued`)
  }
}

async function goOn({ pool, logger, by }: ContinuingParts, execution: JobExecutionSummary): Promise<void> {
  const { id, jobInstance, launch } = execution
  const why = isLive(execution.status) ? 'process has died' : 'server was told to end'
  const continued = await pool.restart({
    jobExecutionId: id,
    parameters: {},
    acceptChanges: false,
    latestOnly: true,
    trigger: launch?.trigger ?? { type: 'program', name: null },
    by: `${by}, for the ${why}`,
  })
  const facts = { job: jobInstance.jobName, execution: continued.execution.id }
  logger.warn(facts, `execution ${continued.execution.id} continues ${id}, whose ${why}`)
}

async function resumptionOf(
  { repository, logger, onStopped, onRecovered }: ContinuingParts,
  execution: JobExecutionSummary,
): Promise<Resumption> {
  const { id, jobInstance, launch, status } = execution
  const restarts = (isLive(status) ? onRecovered : onStopped) === 'restart'
  const deaths = await deathsOf(repository, execution)
  const keeper = launch === null ? undefined : keeperOf(launch)
  const resumption = decideResumption('server', { execution, keeper, restarts, deaths })
  const why = resumption === 'close' ? diedTooOften(execution, { restarts, deaths }) : undefined
  if (why !== undefined) logger.error({ job: jobInstance.jobName, execution: id, deaths }, why)
  return resumption
}

/**
 * Undefined also where another process was faster, the owner is alive after all, or there is no place for it now: the next turn sees.
 * @throws BatchError REPOSITORY_UNAVAILABLE
 */
async function failureOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (isBatchError(error, 'REPOSITORY_UNAVAILABLE')) throw error
    const isFull = isBatchError(error) && NO_PLACE.includes(error.code)
    return isFull || isTakenByOther(error) ? undefined : error
  }
}

const NO_PLACE = ['AT_CAPACITY', 'SERVER_DRAINING', 'POOL_PROCESS_DIED']

/** That nothing but another version of the program can change. */
function isRefusal(error: unknown): boolean {
  const codes = [
    'JOB_RESTART_REFUSED',
    'JOB_DEFINITION_CHANGED',
    'INVALID_JOB_PARAMETERS',
    'NO_SUCH_JOB',
    'NOTHING_TO_REDRIVE',
    'REDRIVE_REFUSED',
    'EXECUTION_CONTEXT_UNREADABLE',
  ]
  return isBatchError(error) && codes.includes(error.code)
}
