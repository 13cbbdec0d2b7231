/** What the in-memory repository remembers, and the one way in which an owner changes it. */
import { BatchError } from '../../core/model/batch-error.ts'
import type { DefinitionFingerprint } from '../../core/model/definition-fingerprint.ts'
import type { ExecutionContext, StoredContext } from '../../core/model/execution-context.ts'
import type { OwnerIdentity } from '../../core/model/execution-owner.ts'
import { isLive } from '../../core/model/batch-status.ts'
import { cutText } from '../../core/model/error-description.ts'
import { EXIT_CODE_LIMIT, EXIT_DESCRIPTION_LIMIT, type ExitStatus } from '../../core/model/exit-status.ts'
import type { JobExecution } from '../../core/model/job-execution.ts'
import type { JobInstance } from '../../core/model/job-instance.ts'
import type { JsonValue } from '../../core/model/json-value.ts'
import type { OperatorAction } from '../../core/model/operator-action.ts'
import { addCounts, NO_COUNTS, type StepCounts, type StepExecution } from '../../core/model/step-execution.ts'
import type { LatestExecution, LaunchKey } from '../../core/ports/launch.ts'
import type { Claim } from '../../core/ports/lease.ts'
import type { MemoryEvents } from './memory-event-list.ts'
import type { MemorySample } from './memory-samples.ts'
import type { MemoryQuarantine } from './memory-quarantine.ts'
import type { MemorySchedules } from './memory-schedule-state.ts'
import type { MemoryWebhooks } from './memory-webhook-state.ts'

export interface MemoryState {
  readonly instances: JobInstance[]
  /** In the order of their ids. */
  readonly executions: Map<string, StoredExecution>
  /** Shared by job and step executions. */
  lastId: number
  lastInstanceId: number
  readonly now: () => Date
  /** By the step execution that made them. */
  readonly plans: Map<string, readonly StoredPartition[]>
  readonly workers: Map<string, StoredWorker>
  readonly quarantine: MemoryQuarantine
  /** By step execution, oldest first. */
  readonly samples: Map<string, readonly MemorySample[]>
  readonly schedules: MemorySchedules
  readonly events: MemoryEvents
  readonly webhooks: MemoryWebhooks
}

export interface StoredPartition {
  readonly name: string
  readonly value: JsonValue
  /** May be claimed. */
  isOpen: boolean
  workerId: string | undefined
  /** Of its step executions, oldest first. */
  readonly executions: string[]
}

export interface StoredWorker {
  readonly host: string
  readonly pid: number
  readonly jobExecutionId: string
  isRetired: boolean
  /** In milliseconds; null for one that lives as long as the owner. */
  leaseExpiresAt: number | null
}

/** Snapshots are replaced, never changed: whoever was given one keeps it as it was. */
export interface StoredExecution {
  execution: JobExecution
  readonly identity: OwnerIdentity
  readonly definition: DefinitionFingerprint
  readonly since: Date
  generation: number
  heartbeatAt: Date
  leaseExpiresAt: Date
  steps: readonly StepExecution[]
  actions: readonly OperatorAction[]
  /** With which it was launched. */
  readonly key: LaunchKey | undefined
}

/** @throws BatchError LEASE_LOST */
export function fenced(state: MemoryState, { jobExecutionId, generation }: Claim): StoredExecution {
  const stored = state.executions.get(jobExecutionId)
  if (stored !== undefined && String(stored.generation) === generation) return stored
  throw new BatchError(
    'LEASE_LOST',
    `job execution ${jobExecutionId} was taken from this owner: its generation is ` +
      `${stored?.generation ?? 'gone'}, the owner holds ${generation}; nothing was changed`,
    { details: { jobExecutionId, generation } },
  )
}

/** @throws BatchError LEASE_LOST */
export function changeExecution(
  state: MemoryState,
  claim: Claim,
  change: (stored: StoredExecution) => Partial<JobExecution>,
): StoredExecution {
  const stored = fenced(state, claim)
  const { execution } = stored
  stored.execution = {
    ...execution,
    ...change(stored),
    version: execution.version + 1,
    lastUpdated: state.now(),
  }
  return stored
}

/** @throws BatchError LEASE_LOST; OPTIMISTIC_LOCK_FAILED where somebody else has closed the step. */
export function changeStep(
  state: MemoryState,
  claim: Claim,
  stepId: string,
  change: Partial<StepExecution>,
): void {
  const stored = fenced(state, claim)
  const closed = stored.steps.find(({ id, status }) => id === stepId && !isLive(status))
  if (closed !== undefined) throw closedElsewhere(closed)
  replaceStep(state, stored, stepId, change)
}

/** FAILED → ABANDONED. @throws BatchError LEASE_LOST */
export function abandonStep(state: MemoryState, claim: Claim, stepId: string): void {
  const stored = fenced(state, claim)
  const step = stored.steps.find(({ id }) => id === stepId)
  if (step?.status === 'FAILED') replaceStep(state, stored, stepId, { status: 'ABANDONED' })
}

function replaceStep(
  state: MemoryState,
  stored: StoredExecution,
  stepId: string,
  change: Partial<StepExecution>,
): void {
  stored.steps = stored.steps.map((step) =>
    step.id === stepId ? { ...step, ...change, version: step.version + 1, lastUpdated: state.now() } : step,
  )
}

function closedElsewhere({ id, stepName, status }: StepExecution): BatchError {
  return new BatchError(
    'OPTIMISTIC_LOCK_FAILED',
    `step execution ${id} ('${stepName}') is ${status} already: it was closed by somebody else; nothing was changed`,
    { details: { stepExecutionId: id, status } },
  )
}

/** A copy, so that what the caller changes later changes nothing here. Nulls are left out, as in Postgres. */
export function readable(context: ExecutionContext): StoredContext {
  const entries = Object.entries(context).filter(([, value]) => value !== null && value !== undefined)
  return { kind: 'readable', values: structuredClone(Object.fromEntries(entries)) }
}

/** Cut as in Postgres, whose columns are Spring's. */
export function storedExit({ exitCode, exitDescription }: ExitStatus): ExitStatus {
  return {
    exitCode: cutText(exitCode, EXIT_CODE_LIMIT),
    exitDescription: cutText(exitDescription, EXIT_DESCRIPTION_LIMIT),
  }
}

/** In the order of their ids. */
export function executionsOf(state: MemoryState, instance: JobInstance): readonly StoredExecution[] {
  return [...state.executions.values()].filter(({ execution }) => execution.jobInstance.id === instance.id)
}

/** As it is now, with its owner. */
export function snapshot(state: MemoryState, stored: StoredExecution): JobExecution {
  const { heartbeatAt, leaseExpiresAt, since } = stored
  return {
    ...stored.execution,
    owner: {
      ...stored.identity,
      since,
      generation: String(stored.generation),
      heartbeatAt,
      leaseExpiresAt,
      leaseExpired: leaseExpiresAt.getTime() <= state.now().getTime(),
    },
  }
}

/** As a decision about it is shown it. */
export function shownExecution(state: MemoryState, stored: StoredExecution): LatestExecution {
  const execution = snapshot(state, stored)
  const steps = executionsOf(state, execution.jobInstance).flatMap((one) => one.steps)
  const own = steps.filter(({ partition }) => partition === undefined)
  return {
    execution,
    owner: execution.owner,
    definition: stored.definition,
    stepStatuses: new Map(own.map(({ stepName, status }) => [stepName, status])),
  }
}

/** The sums of a step's partitions, for one whose owner could not record them; nothing where it was not partitioned. */
export function partitionSums(
  { stepName, partition }: StepExecution,
  steps: readonly StepExecution[],
): Partial<StepCounts> {
  const parts = steps.filter((one) => partition === undefined && one.partition?.stepName === stepName)
  return parts.length === 0 ? {} : parts.reduce<StepCounts>(addCounts, NO_COUNTS)
}
