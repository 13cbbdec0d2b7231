/** What a start does, by the latest execution of the instance. The table is the operator's contract. */
import { BatchError } from '../model/batch-error.ts'
import { describeOwner, type ExecutionOwner } from '../model/execution-owner.ts'
import type { DefinitionFingerprint } from '../model/definition-fingerprint.ts'
import { redriveBatchOf } from '../model/framework-parameters.ts'
import type { JobExecution } from '../model/job-execution.ts'
import { describeParameters } from '../model/job-parameters.ts'
import type { LatestExecution, LaunchVerdict } from '../ports/launch.ts'
import { definitionChanges } from './definition-changes.ts'
import { deathOf, type ProcessState } from './owner-death.ts'

export interface LaunchRules {
  readonly jobName: string
  readonly restartable: boolean
  readonly definition: DefinitionFingerprint
  /** Whether this change of the definition is no reason to refuse a restart. */
  readonly acceptsChange: (change: string) => boolean
  readonly processState: ProcessState
  /** Only this execution is gone on from. */
  readonly continues?: string
}

/**
 * | latest execution | |
 * |---|---|
 * | another than the one that is to be continued | refuse: JOB_EXECUTION_FOLLOWED |
 * | none | start |
 * | COMPLETED | refuse: JOB_INSTANCE_ALREADY_COMPLETE |
 * | FAILED, STOPPED | restart, or refuse where the job is not restartable: JOB_RESTART_REFUSED, or its definition has
 * changed in a way that is not accepted: JOB_DEFINITION_CHANGED |
 * | STARTING, STARTED, STOPPING, owner alive | refuse: JOB_EXECUTION_ALREADY_RUNNING |
 * | the same, owner dead | recover it to FAILED, then as FAILED |
 * | ABANDONED, UNKNOWN | refuse: JOB_RESTART_REFUSED |
 */
export function decideLaunch(rules: LaunchRules, latest: LatestExecution | undefined): LaunchVerdict {
  const { continues } = rules
  if (continues !== undefined && latest?.execution.id !== continues)
    return refuse(wasFollowed(rules, continues, latest))
  if (latest === undefined) return { action: 'start' }
  const { execution } = latest
  switch (execution.status) {
    case 'COMPLETED':
      return refuse(alreadyComplete(rules, execution))
    case 'FAILED':
    case 'STOPPED':
      return decideEnded(rules, latest)
    case 'STARTING':
    case 'STARTED':
    case 'STOPPING':
      return decideLive(rules, latest)
    case 'ABANDONED':
    case 'UNKNOWN':
      return refuse(deadEnd(rules, execution))
    default:
      return execution.status satisfies never
  }
}

function decideEnded(rules: LaunchRules, latest: LatestExecution): LaunchVerdict {
  const { execution } = latest
  if (!rules.restartable) return refuse(notRestartable(rules, execution))
  if (execution.executionContext.kind === 'opaque') return refuse(unreadable(rules, execution))
  return onlyUnchanged(rules, latest, { action: 'restart' })
}

function onlyUnchanged(rules: LaunchRules, latest: LatestExecution, verdict: LaunchVerdict): LaunchVerdict {
  const changes = changesSince(latest, rules.definition).filter((change) => !rules.acceptsChange(change))
  return changes.length === 0 ? verdict : refuse(definitionChanged(rules, latest.execution, changes))
}

/** What was not recorded is not compared: executions of Spring's, and those from before it was. */
export function changesSince(latest: LatestExecution, definition: DefinitionFingerprint): readonly string[] {
  return latest.definition === null
    ? []
    : definitionChanges(latest.definition, definition, latest.stepStatuses)
}

/** An execution without an owner row of ours was begun by Spring, and only a person can know whether it still runs. */
function decideLive(rules: LaunchRules, latest: LatestExecution): LaunchVerdict {
  const { execution, owner } = latest
  if (owner === null) return refuse(runningUnderSpring(rules, execution))
  const reason = deathOf(rules.processState, owner)
  if (reason === undefined) return refuse(alreadyRunning(rules, execution, owner))
  if (!rules.restartable) return refuse(notRestartable(rules, execution))
  return onlyUnchanged(rules, latest, { action: 'recover-and-restart', reason })
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

function wasFollowed(
  { jobName }: LaunchRules,
  continues: string,
  latest: LatestExecution | undefined,
): BatchError {
  const found =
    latest === undefined ? 'its history was deleted' : `execution ${latest.execution.id} has followed`
  return new BatchError(
    'JOB_EXECUTION_FOLLOWED',
    `Execution ${continues} of job ${jobName} was to be continued, but ${found}; nothing was started.`,
    { details: { jobName, jobExecutionId: continues, followedBy: latest?.execution.id ?? null } },
  )
}

function alreadyComplete(rules: LaunchRules, execution: JobExecution): BatchError {
  const ended = execution.endTime === null ? '' : ` at ${execution.endTime.toISOString()}`
  return new BatchError(
    'JOB_INSTANCE_ALREADY_COMPLETE',
    `${subject(rules, execution)} was completed by execution ${execution.id}${ended}; nothing was started. ` +
      (redriveBatchOf(execution) === undefined
        ? 'To run it again, change an identifying parameter.'
        : `What failed again waits in the quarantine: batchwright quarantine redrive ${execution.id}.`),
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
      'nobody but you can tell whether its process still lives. If it does not, recover it (batchwright recover ' +
      `${execution.id} --force).`,
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

function definitionChanged(
  rules: LaunchRules,
  execution: JobExecution,
  changes: readonly string[],
): BatchError {
  return new BatchError(
    'JOB_DEFINITION_CHANGED',
    `${subject(rules, execution)} cannot go on where execution ${execution.id} ended: the definition of the job has changed since.` +
      `${changes.map((change) => `\n  ${change}`).join('')}\n` +
      'Set the definition back. Or, where what was done so far still fits: name these changes in acceptedChanges of the ' +
      'job, or restart with --accept-changes. Or start an instance with other identifying parameters.',
    { details: { ...detailsOf(rules, execution), changes } },
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
      (execution.status === 'UNKNOWN'
        ? `Find out what it did, and recover it (batchwright recover ${execution.id}); then start again.`
        : redriveBatchOf(execution) === undefined
          ? 'Start an instance with other identifying parameters.'
          : 'The items that it has not dealt with are free again: redrive the execution that quarantined them, which ' +
            `batchwright show ${execution.id} names.`),
    { details: detailsOf(rules, execution) },
  )
}
