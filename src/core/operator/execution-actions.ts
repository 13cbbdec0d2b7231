/** What an operator may do with an execution as it stands, and why not. */
import type { JobDefinition } from '../definition/define-job.ts'
import { thrownText } from '../model/error-description.ts'
import { isLive } from '../model/batch-status.ts'
import type { JobExecution, JobExecutionDetails } from '../model/job-execution.ts'
import { redriveBatchOf } from '../model/framework-parameters.ts'
import type { LatestExecution, LaunchVerdict } from '../ports/launch.ts'
import type { ExecutionAtHand, RetireVerdict } from '../ports/retirement.ts'
import { fingerprintOf } from '../definition/fingerprint.ts'
import { findExecution } from './find-execution.ts'
import { decideLaunch } from './launch-decision.ts'
import type { OperatorParts } from './operator-parts.ts'
import { deathOf } from './owner-death.ts'
import { decideAbandonment, decideRecovery } from './retire-decision.ts'

export interface ExecutionActions {
  /** A change of the definition, or of the input, may still refuse it. */
  readonly restart: AllowedAction
  readonly stop: AllowedAction
  readonly abandon: AllowedAction
  readonly recover: AllowedAction & {
    /** By force it could be. */
    readonly withForce: boolean
  }
}

export interface AllowedAction {
  readonly allowed: boolean
  /** Why not; null where it is allowed. */
  readonly reason: string | null
}

const ALLOWED: AllowedAction = { allowed: true, reason: null }

/** By the tables that decide about the actions themselves. */
export async function actionsOf(
  parts: OperatorParts,
  execution: JobExecutionDetails,
): Promise<ExecutionActions> {
  const { repository, processState } = parts
  const jobInstanceId = execution.jobInstance.id
  const [newest] = await repository.listJobExecutions({ jobInstanceId, limit: 1 })
  const followedBy = newest === undefined || newest.id === execution.id ? null : newest.id
  const latest = followedBy === null ? execution : await findExecution(repository, followedBy)
  const found = atHand(execution, followedBy)
  const recovery = (force: boolean) => decideRecovery({ processState, force }, found)
  return {
    restart: restartOf(parts, execution, latest),
    stop: stopOf(parts, execution),
    abandon: byVerdict(decideAbandonment(processState, found), `it is ${execution.status} already`),
    recover: {
      ...byVerdict(recovery(false), 'it has ended; there is nothing to recover'),
      withForce: recovery(true).action === 'close',
    },
  }
}

function atHand(execution: JobExecutionDetails, followedBy: string | null): ExecutionAtHand {
  const open = execution.stepExecutions.filter(({ status }) => isLive(status) || status === 'UNKNOWN')
  return {
    ...asLatest(execution),
    openSteps: open.length,
    followedBy,
  }
}

function asLatest(execution: JobExecution): LatestExecution {
  return { execution, owner: execution.owner, definition: null, stepStatuses: new Map() }
}

/** A restart goes on with the latest execution of the instance, whichever it is asked of. */
function restartOf(
  { registry, processState }: OperatorParts,
  { jobInstance, jobParameters }: JobExecution,
  latest: JobExecution,
): AllowedAction {
  let job: JobDefinition
  try {
    job = registry.find(jobInstance.jobName)
  } catch (error) {
    return refused(thrownText(error))
  }
  const rules = {
    jobName: job.name,
    restartable: job.restartable || redriveBatchOf({ jobParameters }) !== undefined,
    definition: fingerprintOf(job),
    acceptsChange: () => true,
    processState,
  }
  return byVerdict(decideLaunch(rules, asLatest(latest)), '')
}

function stopOf({ processState }: OperatorParts, { status, owner }: JobExecution): AllowedAction {
  if (status === 'STOPPING') return refused('it is stopping already')
  if (!isLive(status)) return refused(`it is ${status}; there is nothing to stop`)
  const death = owner === null ? undefined : deathOf(processState, owner)
  return death === undefined ? ALLOWED : refused(`nobody runs it: ${death}`)
}

function byVerdict(verdict: LaunchVerdict | RetireVerdict, reasonToLeave: string): AllowedAction {
  if (verdict.action === 'refuse') return refused(verdict.error.message)
  return verdict.action === 'leave' ? refused(reasonToLeave) : ALLOWED
}

function refused(reason: string): AllowedAction {
  return { allowed: false, reason }
}
