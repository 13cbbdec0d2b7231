/** Rows of the repository's tables as the domain's snapshots. Unknown words of a foreign writer are shown, not refused. */
import { type BatchStatus, isBatchStatus } from '../../core/model/batch-status.ts'
import type { ExecutionOwner } from '../../core/model/execution-owner.ts'
import type { ExitStatus } from '../../core/model/exit-status.ts'
import type { JobExecution, JobExecutionSummary } from '../../core/model/job-execution.ts'
import { type LaunchFacts, RUNNERS, TRIGGER_TYPES } from '../../core/model/launch-facts.ts'
import type { JobParameter, JobParameters } from '../../core/model/job-parameters.ts'
import type { StepCounts, StepExecution, StepReconciliation } from '../../core/model/step-execution.ts'
import { reconciledCounts } from '../../core/model/step-reconciliation.ts'
import { decodeContextColumns } from './context-columns.ts'
import type {
  CountColumns,
  ExitColumns,
  HeartbeatRow,
  JobExecutionRow,
  LaunchRow,
  OwnerRow,
  ParameterRow,
  ReconciliationRow,
  StepExecutionRow,
} from './entities.ts'

const NO_CONTEXT = { shortContext: null, serializedContext: null }

export function decodeJobExecution(
  row: JobExecutionRow,
  parameters: readonly Omit<ParameterRow, 'jobExecutionId'>[],
  leaseExpired: boolean,
): JobExecution {
  const executionContext = decodeContextColumns(row.context ?? NO_CONTEXT)
  return { ...decodeSummary(row, parameters, leaseExpired), executionContext }
}

export function decodeSummary(
  row: Omit<JobExecutionRow, 'context'>,
  parameters: readonly Omit<ParameterRow, 'jobExecutionId'>[],
  leaseExpired: boolean,
): JobExecutionSummary {
  return {
    id: row.id,
    jobInstance: { id: row.jobInstance.id, jobName: row.jobInstance.jobName, jobKey: row.jobInstance.jobKey },
    jobParameters: decodeParameters(parameters),
    ...decodeCourse(row),
    owner: decodeOwner(row.owner, row.heartbeat, leaseExpired),
    launch: decodeLaunch(row.launch),
  }
}

export function decodeStepExecution(row: StepExecutionRow): StepExecution {
  return {
    id: row.id,
    jobExecutionId: row.jobExecutionId,
    stepName: row.stepName,
    ...decodeCourse(row),
    ...decodeCounts(row),
    executionContext: decodeContextColumns(row.context ?? NO_CONTEXT),
    ...(row.reconciliation && { reconciliation: decodeReconciliation(row.reconciliation) }),
  }
}

function decodeReconciliation({ isBalanced, ...row }: ReconciliationRow): StepReconciliation {
  return {
    totals: reconciledCounts(decodeCounts({ ...row, commitCount: null, rollbackCount: null })),
    isBalanced,
  }
}

export function decodeCounts(row: CountColumns): StepCounts {
  return {
    readCount: Number(row.readCount ?? 0),
    writeCount: Number(row.writeCount ?? 0),
    filterCount: Number(row.filterCount ?? 0),
    readSkipCount: Number(row.readSkipCount ?? 0),
    processSkipCount: Number(row.processSkipCount ?? 0),
    writeSkipCount: Number(row.writeSkipCount ?? 0),
    commitCount: Number(row.commitCount ?? 0),
    rollbackCount: Number(row.rollbackCount ?? 0),
  }
}

export function decodeStatus(text: string | null): BatchStatus {
  return text !== null && isBatchStatus(text) ? text : 'UNKNOWN'
}

/** By name, so that the same parameters always read the same. */
function decodeParameters(rows: readonly Omit<ParameterRow, 'jobExecutionId'>[]): JobParameters {
  const decoded = rows.map(({ name, type, text, identifying }): JobParameter => ({
    name,
    type,
    text: text ?? '',
    identifying: identifying.toUpperCase() === 'Y',
  }))
  return decoded.toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

/** Null for an execution of Spring's, which has no owner row. */
function decodeOwner(
  owner: OwnerRow | null,
  heartbeat: HeartbeatRow | null,
  leaseExpired: boolean,
): ExecutionOwner | null {
  if (owner === null) return null
  return {
    host: owner.host,
    pid: owner.pid,
    bootId: owner.bootId,
    pidNamespace: owner.pidNamespace,
    processStart: owner.processStart,
    since: owner.since,
    generation: owner.generation,
    heartbeatAt: heartbeat?.heartbeatAt ?? owner.since,
    leaseExpiresAt: heartbeat?.leaseExpiresAt ?? owner.since,
    leaseExpired,
  }
}

/** Null for an execution of Spring's, for one from before it was recorded, and where a later version has written other words. */
function decodeLaunch(row: LaunchRow | null): LaunchFacts | null {
  const type = TRIGGER_TYPES.find((one) => one === row?.triggerType)
  const runner = RUNNERS.find((one) => one === row?.runner)
  if (row === null || type === undefined || runner === undefined) return null
  return { trigger: { type, name: row.triggerName }, runner }
}

function decodeCourse(
  row: ExitColumns,
): Pick<
  JobExecution,
  'status' | 'exitStatus' | 'createTime' | 'startTime' | 'endTime' | 'lastUpdated' | 'version'
> {
  const exitStatus: ExitStatus = {
    exitCode: row.exitCode ?? 'UNKNOWN',
    exitDescription: row.exitMessage ?? '',
  }
  return {
    status: decodeStatus(row.status),
    exitStatus,
    createTime: row.createTime,
    startTime: row.startTime,
    endTime: row.endTime,
    lastUpdated: row.lastUpdated,
    version: Number(row.version ?? 0),
  }
}
