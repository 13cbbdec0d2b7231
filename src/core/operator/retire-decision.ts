/** Whether an execution can be recovered or abandoned. The tables are the operator's contract. */
import { BatchError } from '../model/batch-error.ts'
import { describeOwner } from '../model/execution-owner.ts'
import type { JobExecution } from '../model/job-execution.ts'
import type { ExecutionAtHand, RetireVerdict } from '../ports/retirement.ts'
import { deathOf, type ProcessState } from './owner-death.ts'

export interface RecoveryRules {
  readonly processState: ProcessState
  /** Take it from an owner that is alive, or that only Spring Batch knows. */
  readonly force: boolean
}

/**
 * | execution | |
 * |---|---|
 * | COMPLETED, ABANDONED | leave |
 * | FAILED, STOPPED without an open step | leave |
 * | live, UNKNOWN, or with an open step; owner dead | close it and its open steps as FAILED |
 * | … owner alive | refuse, or with force close it: its process cannot commit any more |
 * | live, begun by Spring | refuse, or with force close it |
 * | UNKNOWN, or with an open step, begun by Spring | close it: Spring has ended it |
 */
export function decideRecovery(rules: RecoveryRules, found: ExecutionAtHand): RetireVerdict {
  const { status } = found.execution
  switch (status) {
    case 'COMPLETED':
    case 'ABANDONED':
      return { action: 'leave' }
    case 'FAILED':
    case 'STOPPED':
      return found.openSteps === 0 ? { action: 'leave' } : closeUnlessAlive(rules, found)
    case 'UNKNOWN':
      return closeUnlessAlive(rules, found)
    case 'STARTING':
    case 'STARTED':
    case 'STOPPING':
      if (found.owner === null && !rules.force) return refuse(begunBySpring(found.execution))
      return closeUnlessAlive(rules, found)
    default:
      return status satisfies never
  }
}

function closeUnlessAlive({ processState, force }: RecoveryRules, found: ExecutionAtHand): RetireVerdict {
  const { execution, owner } = found
  if (owner === null) {
    const hasEnded = execution.status === 'FAILED' || execution.status === 'STOPPED'
    return close(
      `Spring Batch began it, and left ${hasEnded ? 'a step of it open' : `it ${execution.status}`}`,
    )
  }
  const death = deathOf(processState, owner)
  if (death !== undefined) return close(death)
  if (!force) return refuse(stillAlive(found))
  return close(`taken by force from an owner that was alive (${describeOwner(owner)})`)
}

function close(reason: string): RetireVerdict {
  return { action: 'close', status: 'FAILED', reason }
}

/**
 * | execution | |
 * |---|---|
 * | FAILED, STOPPED, UNKNOWN | abandon, unless its owner is still at work, or another execution has followed |
 * | ABANDONED | leave |
 * | COMPLETED | refuse |
 * | live | refuse: stop it, or recover it, first |
 */
export function decideAbandonment(processState: ProcessState, found: ExecutionAtHand): RetireVerdict {
  const { execution, owner } = found
  const { status } = execution
  switch (status) {
    case 'COMPLETED':
      return refuse(alreadyComplete(execution))
    case 'ABANDONED':
      return { action: 'leave' }
    case 'FAILED':
    case 'STOPPED':
    case 'UNKNOWN': {
      // Spring's stop() writes STOPPED while the owner may still be at work; at its end an owner gives its lease up.
      if (found.followedBy !== null) return refuse(wasFollowed(execution, found.followedBy))
      const isAtWork = owner !== null && deathOf(processState, owner) === undefined
      return isAtWork ? refuse(liveNotAbandoned(processState, found)) : { action: 'abandon' }
    }
    case 'STARTING':
    case 'STARTED':
    case 'STOPPING':
      return refuse(liveNotAbandoned(processState, found))
    default:
      return status satisfies never
  }
}

function refuse(error: BatchError): RetireVerdict {
  return { action: 'refuse', error }
}

function subject({ id, jobInstance, status }: JobExecution): string {
  return `Execution ${id} of job ${jobInstance.jobName} is ${status}`
}

function detailsOf({ id, jobInstance, status }: JobExecution): Readonly<Record<string, unknown>> {
  return { jobExecutionId: id, jobName: jobInstance.jobName, status }
}

function stillAlive({ execution, owner }: ExecutionAtHand): BatchError {
  const who = owner === null ? 'unknown' : describeOwner(owner)
  return new BatchError(
    'JOB_EXECUTION_STILL_RUNNING',
    `${subject(execution)}, and its owner is alive (${who}): there is nothing to recover, and nothing was changed. ` +
      `Stop it (batchwright stop ${execution.id}); or take it from its owner, which then cannot commit any more ` +
      `(batchwright recover ${execution.id} --force).`,
    {
      details: {
        ...detailsOf(execution),
        owner: owner === null ? null : { host: owner.host, pid: owner.pid },
      },
    },
  )
}

function begunBySpring(execution: JobExecution): BatchError {
  return new BatchError(
    'JOB_EXECUTION_STILL_RUNNING',
    `${subject(execution)}. Spring Batch began it, so that nobody but you can tell whether its process still lives; nothing was ` +
      `changed. If it does not: batchwright recover ${execution.id} --force.`,
    { details: { ...detailsOf(execution), owner: null } },
  )
}

function liveNotAbandoned(processState: ProcessState, { execution, owner }: ExecutionAtHand): BatchError {
  const death = owner === null ? undefined : deathOf(processState, owner)
  const { id } = execution
  const remedy =
    owner === null
      ? `Spring Batch began it: stop it (batchwright stop ${id}), or, when its process is dead, recover it (batchwright recover ${id} --force)`
      : death === undefined
        ? `${describeOwner(owner)} is at work: stop it first (batchwright stop ${id} --wait)`
        : `${death}: recover it first (batchwright recover ${id})`
  return new BatchError(
    'JOB_EXECUTION_STILL_RUNNING',
    `${subject(execution)}, and only what has ended can be abandoned; nothing was changed: ${remedy}.`,
    {
      details: {
        ...detailsOf(execution),
        owner: owner === null ? null : { host: owner.host, pid: owner.pid },
      },
    },
  )
}

function wasFollowed(execution: JobExecution, followedBy: string): BatchError {
  return new BatchError(
    'ABANDON_REFUSED',
    `${subject(execution)}, but execution ${followedBy} of its instance has come after it, and the latest decides; nothing was ` +
      `changed. Abandon that one (batchwright abandon ${followedBy}).`,
    { details: { ...detailsOf(execution), followedBy } },
  )
}

function alreadyComplete(execution: JobExecution): BatchError {
  return new BatchError(
    'ABANDON_REFUSED',
    `${subject(execution)}: what is complete has nothing to abandon, and its instance is not started again anyhow. Nothing was changed.`,
    { details: detailsOf(execution) },
  )
}
