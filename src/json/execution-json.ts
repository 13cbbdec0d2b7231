/** Executions as `--json` and the HTTP API give them: Spring Batch's field names, ids as strings, times in RFC 3339 UTC. */
import type { StoredContext } from '../core/model/execution-context.ts'
import type { ExecutionOwner } from '../core/model/execution-owner.ts'
import type { JobExecutionDetails, JobExecutionSummary } from '../core/model/job-execution.ts'
import type { PartitionExecution, StepCounts, StepExecution } from '../core/model/step-execution.ts'
import { partitionFigures } from './partition-figures.ts'

export type Json = Readonly<Record<string, unknown>>

export function executionJson(execution: JobExecutionSummary): Json {
  const { id, jobInstance, jobParameters, owner } = execution
  return {
    jobExecutionId: id,
    jobInstanceId: jobInstance.id,
    jobName: jobInstance.jobName,
    jobParameters: Object.fromEntries(
      jobParameters.map(({ name, type, text, identifying }) => [name, { type, value: text, identifying }]),
    ),
    ...endingJson(execution),
    launch: execution.launch,
    owner: owner === null ? null : ownerJson(owner),
  }
}

export function executionDetailsJson(execution: JobExecutionDetails): Json {
  return {
    ...executionJson(execution),
    executionContext: contextJson(execution.executionContext),
    stepExecutions: execution.stepExecutions.map(stepExecutionJson),
  }
}

export function stepExecutionJson(step: StepExecution): Json {
  return {
    stepExecutionId: step.id,
    jobExecutionId: step.jobExecutionId,
    stepName: step.stepName,
    ...endingJson(step),
    ...countsJson(step),
    reconciliation: step.reconciliation ?? null,
    executionContext: contextJson(step.executionContext),
    ...(step.partition === undefined ? {} : { partition: partitionJson(step, step.partition) }),
  }
}

function partitionJson(step: StepExecution, { stepName, name, worker }: PartitionExecution): Json {
  return { stepName, name, worker, ...partitionFigures(step, new Date()) }
}

function endingJson(execution: JobExecutionSummary | StepExecution): Json {
  const { status, exitStatus, createTime, startTime, endTime, lastUpdated } = execution
  return { status, exitStatus, createTime, startTime, endTime, lastUpdated }
}

function countsJson(counts: StepCounts): Json {
  const { readCount, writeCount, filterCount, commitCount, rollbackCount } = counts
  const { readSkipCount, processSkipCount, writeSkipCount } = counts
  return {
    readCount,
    writeCount,
    filterCount,
    commitCount,
    rollbackCount,
    readSkipCount,
    processSkipCount,
    writeSkipCount,
  }
}

function ownerJson({ host, pid, since, heartbeatAt, leaseExpiresAt }: ExecutionOwner): Json {
  return { host, pid, since, heartbeatAt, leaseExpiresAt }
}

/** A context that only Java reads is named, not shown: it may be large, and nobody could read it. */
export function contextJson(context: StoredContext): Json {
  return context.kind === 'readable' ? context.values : { unreadable: context.form }
}
