/** What a start does, by the latest execution of the instance. The table is the operator's contract. */
import { BatchError } from '../model/batch-error.ts'
import { describeOwner, type ExecutionOwner, type OwnerIdentity } from '../model/execution-owner.ts'
import type { JobExecution } from '../model/job-execution.ts'
import { describeParameters } from '../model/job-parameters.ts'
import type { LatestExecution, LaunchVerdict } from '../ports/job-repository.ts'

export interface LaunchRules {
  readonly jobName: string
  readonly restartable: boolean
  /** Whether a process of this host still lives; `unknown` where only the lease can tell. */
  readonly processState: (owner: OwnerIdentity) => 'alive' | 'dead' | 'unknown'
}

/**
 * | latest execution | |
 * |---|---|
 * | none | start |
 * | COMPLETED | refuse: JOB_INSTANCE_ALREADY_COMPLETE |
 * | FAILED, STOPPED | restart, or refuse where the job is not restartable: JOB_RESTART_REFUSED |
 * | STARTING, STARTED, STOPPING, owner alive | refuse: JOB_EXECUTION_ALREADY_RUNNING |
 * | the same, owner dead | recover it to FAILED, then as FAILED |
 * | ABANDONED, UNKNOWN | refuse: JOB_RESTART_REFUSED |
 */
export function decideLaunch(rules: LaunchRules, latest: LatestExecution | undefined): LaunchVerdict {
  if (latest === undefined) return { action: 'start' }
  const { execution, owner } = latest
  switch (execution.status) {
    case 'COMPLETED':
      return refuse(alreadyComplete(rules, execution))
    case 'FAILED':
    case 'STOPPED':
      return decideEnded(rules, execution)
    case 'STARTING':
    case 'STARTED':
    case 'STOPPING':
      return decideLive(rules, execution, owner)
    case 'ABANDONED':
    case 'UNKNOWN':
      return refuse(deadEnd(rules, execution))
    default:
      return execution.status satisfies never
  }
}

function decideEnded(rules: LaunchRules, execution: JobExecution): LaunchVerdict {
  if (!rules.restartable) return refuse(notRestartable(rules, execution))
  return execution.executionContext.kind === 'opaque'
    ? refuse(unreadable(rules, execution))
    : { action: 'restart' }
}

/** An execution without an owner row of ours was begun by Spring, and only a person can know whether it still runs. */
function decideLive(
  rules: LaunchRules,
  execution: JobExecution,
  owner: ExecutionOwner | null,
): LaunchVerdict {
  if (owner === null) return refuse(runningUnderSpring(rules, execution))
  const reason = deathOf(rules, owner)
  if (reason === undefined) return refuse(alreadyRunning(rules, execution, owner))
  return rules.restartable
    ? { action: 'recover-and-restart', reason }
    : refuse(notRestartable(rules, execution))
}

/** A process of this host that is gone is dead at once, whatever its lease says; any other when its lease has run out. */
function deathOf(rules: LaunchRules, owner: ExecutionOwner): string | undefined {
  const state = rules.processState(owner)
  if (state === 'dead') return `its process (${describeOwner(owner)}) is gone`
  if (!owner.leaseExpired) return undefined
  return `its lease ran out at ${owner.leaseExpiresAt.toISOString()} (${describeOwner(owner)})`
}

function refuse(error: BatchError): LaunchVerdict {
  return { action: 'refuse', error }
}

function subject({ jobName }: LaunchRules, { jobParameters }: JobExecution): string {
  return `Job ${jobName} with ${describeParameters(jobParameters)}`
}

function detailsOf(
  { jobName }: LaunchRules,
  { id, jobInstance, status }: JobExecution,
): Record<string, unknown> {
  return { jobName, jobInstanceId: jobInstance.id, jobExecutionId: id, status }
}

function alreadyComplete(rules: LaunchRules, execution: JobExecution): BatchError {
  const ended = execution.endTime === null ? '' : ` at ${execution.endTime.toISOString()}`
  return new BatchError(
    'JOB_INSTANCE_ALREADY_COMPLETE',
    `${subject(rules, execution)} was completed by execution ${execution.id}${ended}; nothing was started. ` +
      'To run it again, change an identifying parameter.',
    { details: { ...detailsOf(rules, execution), endTime: execution.endTime } },
  )
}

function alreadyRunning(rules: LaunchRules, execution: JobExecution, owner: ExecutionOwner): BatchError {
  return new BatchError(
    'JOB_EXECUTION_ALREADY_RUNNING',
    `${subject(rules, execution)} is running: execution ${execution.id} is ${execution.status} on ${describeOwner(owner)}. ` +
      'Wait for its end; should its process have died, a start after its lease has run out ' +
      `(${owner.leaseExpiresAt.toISOString()}) takes over.`,
    {
      details: {
        ...detailsOf(rules, execution),
        owner: { host: owner.host, pid: owner.pid, since: owner.since, leaseExpiresAt: owner.leaseExpiresAt },
      },
    },
  )
}

function runningUnderSpring(rules: LaunchRules, execution: JobExecution): BatchError {
  return new BatchError(
    'JOB_EXECUTION_ALREADY_RUNNING',
    `${subject(rules, execution)} is ${execution.status} in execution ${execution.id}, which Spring Batch began, so that ` +
      'nobody but you can tell whether its process still lives. If it does not, recover it with Spring Batch (JobOperator.recover).',
    { details: { ...detailsOf(rules, execution), owner: null } },
  )
}

function notRestartable(rules: LaunchRules, execution: JobExecution): BatchError {
  return new BatchError(
    'JOB_RESTART_REFUSED',
    `${subject(rules, execution)} has execution ${execution.id}, which is ${execution.status}, and the job is declared not restartable. ` +
      'Start an instance with other identifying parameters.',
    { details: detailsOf(rules, execution) },
  )
}

function unreadable(rules: LaunchRules, execution: JobExecution): BatchError {
  return new BatchError(
    'EXECUTION_CONTEXT_UNREADABLE',
    `${subject(rules, execution)} cannot be continued: the context of execution ${execution.id} is stored in a form that only ` +
      'Java reads. Let Spring Batch finish it, or start an instance with other identifying parameters.',
    { details: detailsOf(rules, execution) },
  )
}

function deadEnd(rules: LaunchRules, execution: JobExecution): BatchError {
  return new BatchError(
    'JOB_RESTART_REFUSED',
    `${subject(rules, execution)} has execution ${execution.id}, which is ${execution.status}; such an instance is not started again. ` +
      (execution.status === 'UNKNOWN' ? 'Find out what it did, and start' : 'Start') +
      ' an instance with other identifying parameters.',
    { details: detailsOf(rules, execution) },
  )
}
