/** Continues what servers have left: executions that were interrupted when one ended, and those whose process has died. */
import { isBatchError } from '../core/model/batch-error.ts'
import { isLive } from '../core/model/batch-status.ts'
import type { JobExecutionSummary } from '../core/model/job-execution.ts'
import {
  ATTEMPTS_IN_VIEW,
  deathsInARow,
  decideResumption,
  keeperOf,
  type Resumption,
} from '../core/operator/resumption.ts'
import type { JobOperator } from '../core/operator/job-operator.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { ExecutionPool } from './execution-pool.ts'

/** What becomes of executions of servers: restarted without a person, or left to one. */
export const CONTINUATIONS = ['restart', 'leave'] as const
export type Continuation = (typeof CONTINUATIONS)[number]

export interface ContinuingOptions {
  readonly operator: JobOperator
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
  /** Refused: nothing but another version of the program can change that. */
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

/** Answers with what went wrong. What goes wrong with one execution holds up no other, unless the repository is away. */
async function turn(parts: ContinuingParts): Promise<unknown> {
  const { operator, settled } = parts
  let failure: unknown
  try {
    for (const execution of [...(await operator.listStale()), ...(await operator.listInterrupted())]) {
      if (settled.has(execution.id)) continue
      const wrong = await unlessTaken(() => lookAfter(parts, execution))
      if (isBatchError(wrong, 'REPOSITORY_UNAVAILABLE')) return wrong
      failure ??= wrong
    }
    return failure
  } catch (error) {
    return error
  }
}

async function lookAfter(parts: ContinuingParts, execution: JobExecutionSummary): Promise<void> {
  const { operator, pool, logger } = parts
  const { id } = execution
  const resumption = await resumptionOf(parts, execution)
  if (resumption === 'close') {
    const { recovered, reason } = await operator.recover(id, { by: parts.by })
    if (recovered) logger.warn({ execution: id }, `execution ${id} is recovered: ${reason ?? ''}`)
  }
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
  { operator, logger, onStopped, onRecovered }: ContinuingParts,
  execution: JobExecutionSummary,
): Promise<Resumption> {
  const { id, jobInstance, launch } = execution
  const isStale = isLive(execution.status)
  const attempts = { jobInstanceId: jobInstance.id, limit: ATTEMPTS_IN_VIEW }
  const deaths = isStale ? deathsInARow(await operator.listJobExecutions(attempts)) : 0
  const keeper = launch === null ? undefined : keeperOf(launch)
  const restarts = (isStale ? onRecovered : onStopped) === 'restart'
  const resumption = decideResumption('server', { execution, keeper, restarts, deaths })
  if (resumption === 'close' && restarts && deaths >= ATTEMPTS_IN_VIEW)
    logger.error(
      { job: jobInstance.jobName, execution: id, deaths },
      `execution ${id} is not restarted: the process of its instance has died ${deaths} times in a row; see what ends it`,
    )
  return resumption
}

/**
 * Answers with what went wrong; not where another process was faster, its owner is alive after all, or there is no place for it
 * now: the next turn sees.
 */
async function unlessTaken(work: () => Promise<void>): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    const taken = [
      'JOB_EXECUTION_FOLLOWED',
      'JOB_EXECUTION_ALREADY_RUNNING',
      'JOB_EXECUTION_STILL_RUNNING',
      'JOB_INSTANCE_ALREADY_COMPLETE',
      'AT_CAPACITY',
      'SERVER_DRAINING',
      'WORKER_PROCESS_DIED',
    ]
    return isBatchError(error) && taken.includes(error.code) ? undefined : error
  }
}

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
