/** What an operator does to executions that others run, or ran: stop, abandon, recover. */
import { BatchError } from '../model/batch-error.ts'
import { isLive, LIVE_STATUSES } from '../model/batch-status.ts'
import type { JobExecution, JobExecutionDetails, JobExecutionSummary } from '../model/job-execution.ts'
import type { OperatorAction } from '../model/operator-action.ts'
import type { ExecutionAtHand, RetireOutcome, RetireVerdict } from '../ports/retirement.ts'
import { checkInterval } from './check-interval.ts'
import { findExecution, noSuchExecution } from './find-execution.ts'
import type { OperatorParts } from './operator-parts.ts'
import { deathOf, ownerDied } from './owner-death.ts'
import { decideAbandonment, decideRecovery } from './retire-decision.ts'
import { waitForEnd, type Waiting } from './wait-for-end.ts'

export interface ExecutionOperations {
  /**
   * Asks a running execution to stop, in whatever process it runs: STOPPING at once, STOPPED when its owner has finished the
   * open chunk. Asking again changes nothing. Answers with the execution as it is then.
   * @throws BatchError NO_SUCH_JOB_EXECUTION, JOB_EXECUTION_NOT_RUNNING where nobody would see it
   */
  readonly stop: (jobExecutionId: string, options?: Asking) => Promise<JobExecutionDetails>
  /**
   * An ended execution that is to stay as it is: its instance is never started again. Abandoning again changes nothing.
   * @throws BatchError NO_SUCH_JOB_EXECUTION, JOB_EXECUTION_STILL_RUNNING, ABANDON_REFUSED
   */
  readonly abandon: (jobExecutionId: string, options?: Asking) => Promise<JobExecutionDetails>
  /**
   * Closes an execution that nobody runs any more, and its open steps, as FAILED; a start or restart of it then goes on after
   * its last committed chunk. One that has ended is left as it is.
   * @throws BatchError NO_SUCH_JOB_EXECUTION, JOB_EXECUTION_STILL_RUNNING unless forced
   */
  readonly recover: (jobExecutionId: string, options?: Recovering) => Promise<Recovery>
  /** Every live execution whose owner is dead. */
  readonly listStale: () => Promise<readonly JobExecutionSummary[]>
  /**
   * What was stopped because its process ended, oldest first: to be continued by a process of its kind, see `decideResumption`.
   * Those of `except` are not read.
   */
  readonly listInterrupted: (except?: ReadonlySet<string>) => Promise<readonly JobExecutionSummary[]>
  /** Recovers every live execution whose owner is dead, and answers with those. Safe when many do it at once. */
  readonly recoverStale: (options?: Asking) => Promise<readonly JobExecution[]>
  /**
   * Does that again and again, for a process that runs long. Resolves when the signal is aborted; what goes wrong is logged,
   * and tried again at the next turn.
   * @throws BatchError INVALID_CONFIGURATION for an interval that no timer can wait for
   */
  readonly keepRecovering: (options: KeepRecovering) => Promise<void>
  /**
   * Resolves when the execution has ended, whoever runs it.
   * @throws BatchError NO_SUCH_JOB_EXECUTION, JOB_EXECUTION_NOT_RUNNING when its owner has died; INVALID_CONFIGURATION as `keepRecovering`;
   * the signal's reason
   */
  readonly waitForEnd: (jobExecutionId: string, options: Waiting) => Promise<JobExecutionDetails>
  /** Who launched, stopped, abandoned or recovered it, and when, oldest first. */
  readonly listOperatorActions: (jobExecutionId: string) => Promise<readonly OperatorAction[]>
}

export interface Asking {
  /** Who asks, for the record. @default who the batch was created for */
  readonly by?: string
}

export interface Recovering extends Asking {
  /** Also from an owner that is alive, which then cannot commit any more, and from Spring Batch. @default false */
  readonly force?: boolean
}

export interface Recovery {
  /** As it is now. */
  readonly execution: JobExecutionDetails
  /** False when it had ended already. */
  readonly recovered: boolean
  /** Why it, or a step that it had left open, was closed: what became of its process. Null when nothing was. */
  readonly reason: string | null
}

export interface KeepRecovering extends Asking {
  readonly everyMilliseconds: number
  /**
   * For each that was recovered, one after the other: restart it, or tell somebody. Called once for each; when it fails, that is
   * logged with the execution, which stays FAILED.
   */
  readonly onRecovered?: (execution: JobExecution) => void | Promise<void>
  readonly signal: AbortSignal
}

const PAGE = 100

export function executionOperations(parts: OperatorParts): ExecutionOperations {
  const recoverStale = async (options: Asking = {}) => {
    const recovered: JobExecution[] = []
    for await (const execution of recoverEach(parts, options)) recovered.push(execution)
    return recovered
  }
  return {
    stop: (id, options) => stop(parts, id, options),
    abandon: (id, options) => abandon(parts, id, options),
    recover: (id, options) => recover(parts, id, options),
    listStale: async () => {
      const stale: JobExecutionSummary[] = []
      for await (const execution of staleExecutions(parts)) stale.push(execution)
      return stale
    },
    listInterrupted: parts.repository.listInterrupted,
    recoverStale,
    keepRecovering: (options) => keepRecovering(parts, options),
    waitForEnd: (id, options) => waitForEnd(parts, id, options),
    listOperatorActions: parts.repository.listOperatorActions,
  }
}

async function stop(parts: OperatorParts, id: string, { by = parts.by }: Asking = {}) {
  const { repository, processState } = parts
  const execution = await findExecution(repository, id)
  // One that was interrupted is stopped so that nobody continues it.
  if (!isLive(execution.status) && execution.status !== 'STOPPED') throw hasEnded(execution)
  const isOwned = isLive(execution.status) && execution.owner !== null
  const death = !isOwned ? undefined : deathOf(processState, execution.owner)
  if (death !== undefined) throw ownerDied(execution, death)
  const isAsked = await repository.requestStop(id, by)
  const after = await findExecution(repository, id)
  if (!isAsked) throw hasEnded(after)
  return after
}

async function abandon(parts: OperatorParts, id: string, options?: Asking) {
  await retire(parts, id, options, (found) => decideAbandonment(parts.processState, found))
  return findExecution(parts.repository, id)
}

async function recover(parts: OperatorParts, id: string, options: Recovering = {}): Promise<Recovery> {
  const rules = { processState: parts.processState, force: options.force === true }
  let reason: string | null = null
  const outcome = await retire(parts, id, options, (found) => {
    const verdict = decideRecovery(rules, found)
    reason = verdict.action === 'close' ? verdict.reason : null
    return verdict
  })
  return { execution: await findExecution(parts.repository, id), recovered: outcome === 'closed', reason }
}

async function retire(
  { repository, by: ourselves }: OperatorParts,
  jobExecutionId: string,
  { by = ourselves }: Asking = {},
  decide: (found: ExecutionAtHand) => RetireVerdict,
): Promise<RetireOutcome> {
  const outcome = await repository.retire({ jobExecutionId, by, decide })
  if (outcome === 'not-found') throw noSuchExecution(repository, jobExecutionId)
  return outcome
}

/** Each as soon as it is closed, so that those before a failure are known. */
async function* recoverEach(parts: OperatorParts, asking: Asking): AsyncGenerator<JobExecution> {
  for await (const execution of staleExecutions(parts)) {
    const verdict = (found: ExecutionAtHand) => unlessRefused(decideRecovery(withoutForce(parts), found))
    if ((await retire(parts, execution.id, asking, verdict)) !== 'closed') continue
    yield await findExecution(parts.repository, execution.id)
  }
}

/** Found dead from outside; inside the transaction it is judged again. */
async function* staleExecutions({
  repository,
  processState,
}: OperatorParts): AsyncGenerator<JobExecutionSummary> {
  let before: string | undefined
  for (;;) {
    const page = await repository.listJobExecutions({
      statuses: LIVE_STATUSES,
      limit: PAGE,
      ...(before === undefined ? {} : { before }),
    })
    for (const execution of page) {
      if (execution.owner !== null && deathOf(processState, execution.owner) !== undefined) yield execution
    }
    before = page.at(-1)?.id
    if (page.length < PAGE) return
  }
}

function withoutForce({ processState }: OperatorParts) {
  return { processState, force: false }
}

/** Its owner has come back to life, or another has taken it meanwhile. */
function unlessRefused(verdict: RetireVerdict): RetireVerdict {
  return verdict.action === 'refuse' ? { action: 'leave' } : verdict
}

async function keepRecovering(
  parts: OperatorParts,
  { everyMilliseconds, onRecovered, signal, ...asking }: KeepRecovering,
): Promise<void> {
  const { clock, logger } = parts
  checkInterval(everyMilliseconds)
  while (!signal.aborted) {
    try {
      for await (const execution of recoverEach(parts, asking)) {
        const { jobName: job } = execution.jobInstance
        logger.warn({ job, execution: execution.id }, `recovered: ${execution.exitStatus.exitDescription}`)
        await tell(parts, execution, onRecovered)
      }
    } catch (error) {
      logger.error({ err: error }, 'recovering stale executions failed; it is tried again')
    }
    await clock.sleep(everyMilliseconds, signal).catch(() => undefined)
  }
}

/** It is recovered, and never found stale again: what fails here must not keep the others from being recovered and told. */
async function tell(
  { logger }: OperatorParts,
  execution: JobExecution,
  onRecovered: KeepRecovering['onRecovered'],
): Promise<void> {
  try {
    await onRecovered?.(execution)
  } catch (error) {
    logger.error(
      { err: error, job: execution.jobInstance.jobName, execution: execution.id },
      `execution ${execution.id} is recovered, but onRecovered failed for it, and is not called again`,
    )
  }
}

function hasEnded({ id, jobInstance, status, endTime }: JobExecution): BatchError {
  const at = endTime === null ? '' : ` since ${endTime.toISOString()}`
  return new BatchError(
    'JOB_EXECUTION_NOT_RUNNING',
    `Execution ${id} of job ${jobInstance.jobName} is not running: it is ${status}${at}. There is nothing to stop.`,
    { details: { jobExecutionId: id, jobName: jobInstance.jobName, status } },
  )
}
