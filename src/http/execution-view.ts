/** Executions as the API shows them: masked, without contexts, and with what a page about one needs. */
import { createHash } from 'node:crypto'
import { isLive } from '../core/model/batch-status.ts'
import type { ExecutionOwner } from '../core/model/execution-owner.ts'
import type { JobExecution, JobExecutionDetails, JobExecutionSummary } from '../core/model/job-execution.ts'
import type { StepExecution } from '../core/model/step-execution.ts'
import type { AllowedAction, ExecutionActions } from '../core/operator/execution-actions.ts'
import type { JobOperator } from '../core/operator/job-operator.ts'
import type { Clock } from '../core/ports/clock.ts'
import { executionJson, type Json, stepExecutionJson } from '../json/execution-json.ts'
import { jsonLine } from '../json/json-line.ts'
import { quarantineJson } from '../json/quarantine-json.ts'
import type { Masking } from './masking.ts'

export const API = '/api/v1'

export interface ExecutionView {
  readonly execution: JobExecutionDetails
  readonly json: Json
  /** Changes whenever what is shown does, ages and heartbeats aside. */
  readonly etag: string
  readonly hasEnded: boolean
  /** Of what a look at the execution itself shows: as long as that stays, little else changes. */
  readonly mark: string
  readonly at: Date
}

interface ViewParts {
  readonly operator: JobOperator
  readonly masking: Masking
  readonly clock: Pick<Clock, 'now'>
}

/** For lists and launches. */
export function shownExecution(
  { masking }: Pick<ViewParts, 'masking'>,
  execution: JobExecutionSummary,
): Json {
  const jobParameters = masking.parameters(execution.jobParameters)
  return { ...executionJson({ ...execution, jobParameters }), links: linksOf(execution) }
}

/** What belongs to an execution whose own rows stay as they are, such as its partitions, is looked at so often. */
const STALE_MILLISECONDS = 2000

/**
 * Everything but contexts and samples; the statements are as many whatever it holds, and fewer where it has not changed since `last`.
 * @throws BatchError NO_SUCH_JOB_EXECUTION
 */
export async function viewExecution(
  parts: ViewParts,
  jobExecutionId: string,
  last?: ExecutionView,
): Promise<ExecutionView> {
  const execution = await parts.operator.findJobExecution(jobExecutionId)
  const at = new Date()
  const mark = markOf(execution)
  const isFresh = last?.mark === mark && at.getTime() - last.at.getTime() < STALE_MILLISECONDS
  return isFresh ? last : { ...(await wholeView(parts, execution)), mark, at }
}

async function wholeView(
  parts: ViewParts,
  execution: JobExecutionDetails,
): Promise<Omit<ExecutionView, 'mark' | 'at'>> {
  const { operator } = parts
  const { id: jobExecutionId, jobInstance } = execution
  const [earlier] = await operator.listJobExecutions({
    jobInstanceId: jobInstance.id,
    before: jobExecutionId,
    limit: 1,
  })
  const json = {
    ...shownExecution(parts, execution),
    restartOf: earlier?.id ?? null,
    stepExecutions: execution.stepExecutions.map(shownStep),
    partitions: await operator.listPartitionOverviews(jobExecutionId),
    quarantine: quarantineJson(await operator.quarantineOf(jobExecutionId)),
    operatorActions: await operator.listOperatorActions(jobExecutionId),
    actions: shownActions(parts, execution, await operator.actionsOf(execution)),
  }
  return {
    execution,
    json: { ...json, owner: shownOwner(execution.owner, parts.clock.now()) },
    etag: etagOf({
      ...json,
      owner: null,
      actions: allowedOf(json.actions),
      generation: execution.owner?.generation ?? null,
    }),
    hasEnded: !isLive(execution.status),
  }
}

/** The reasons name the time at which a lease runs out, and that changes with each heartbeat. */
function allowedOf(actions: Json): Json {
  const allowed = Object.entries(actions).map(([name, action]) => [name, (action as AllowedAction).allowed])
  return Object.fromEntries(allowed) as Json
}

/** The reasons name parameters. */
function shownActions(
  { masking }: ViewParts,
  { jobParameters }: JobExecution,
  actions: ExecutionActions,
): Json {
  const shown = Object.entries(actions).map(([name, action]: [string, AllowedAction]) => {
    const reason = action.reason === null ? null : masking.text(action.reason, jobParameters)
    return [name, { ...action, reason }]
  })
  return Object.fromEntries(shown) as Json
}

function markOf({ status, version, lastUpdated, owner, stepExecutions }: JobExecutionDetails): string {
  const steps = stepExecutions.map((step) => [step.id, step.status, step.version, step.lastUpdated])
  return jsonLine({ status, version, lastUpdated, generation: owner?.generation ?? null, steps })
}

/** Its context is asked for apart: it may be large. */
export function shownStep(step: StepExecution): Json {
  const { executionContext: _, ...shown } = stepExecutionJson(step)
  return shown
}

function shownOwner(owner: ExecutionOwner | null, now: Date): Json | null {
  if (owner === null) return null
  const { host, pid, since, heartbeatAt, leaseExpiresAt, leaseExpired } = owner
  const heartbeatAgeSeconds = Math.max(0, Math.round((now.getTime() - heartbeatAt.getTime()) / 1000))
  return { host, pid, since, heartbeatAt, leaseExpiresAt, leaseExpired, heartbeatAgeSeconds }
}

function etagOf(json: Json): string {
  return `W/"${createHash('sha256').update(jsonLine(json)).digest('base64url').slice(0, 22)}"`
}

export function executionPath(jobExecutionId: string): string {
  return `${API}/executions/${jobExecutionId}`
}

function linksOf({ id, jobInstance }: JobExecutionSummary): Json {
  const self = executionPath(id)
  return {
    self,
    outcome: `${self}/outcome`,
    steps: `${self}/steps`,
    context: `${self}/context`,
    quarantine: `${self}/quarantine`,
    events: `${self}/events`,
    job: `${API}/jobs/${encodeURIComponent(jobInstance.jobName)}`,
    instance: `${API}/instances/${jobInstance.id}`,
    siblings: `${API}/executions?instance=${jobInstance.id}`,
  }
}
