/** Partitions in the in-memory repository: the same promises, but that all workers are in this process. */
import { type BatchStatus, isLive } from '../../core/model/batch-status.ts'
import { BatchError } from '../../core/model/batch-error.ts'
import type { JsonValue } from '../../core/model/json-value.ts'
import { type Partition, partitionStepName } from '../../core/model/partition.ts'
import type { PartitionOverview } from '../../core/model/partition-overview.ts'
import { addCounts, NO_COUNTS, type StepCounts, type StepExecution } from '../../core/model/step-execution.ts'
import type { Claim } from '../../core/ports/lease.ts'
import {
  NAMED_PARTITIONS,
  type ClaimedPartition,
  type PartitionClaim,
  type PartitionState,
  type PartitionStore,
  type PlanState,
  type Retired,
  type Retirement,
} from '../../core/ports/partition-store.ts'
import {
  changeStep,
  fenced,
  type MemoryState,
  type StoredPartition,
  type StoredWorker,
} from './memory-state.ts'
import { openStepSession } from './memory-step-session.ts'
import { MEMORY_TRANSACTION } from './memory-transaction.ts'

export function memoryPartitions(state: MemoryState): PartitionStore {
  return {
    reach: 'this-process',
    storePlan: async (transaction, planId, partitions) => {
      const stored = partitions.map(storedPartition)
      const apply = () => void state.plans.set(planId, stored)
      const memory = transaction.find(MEMORY_TRANSACTION)
      if (memory === undefined) apply() // a rehearsal, whose transaction is a real one
      else memory.add({ apply })
    },
    openPlan: async (claim, planId) => {
      fenced(state, claim)
      const plan = planOf(state, planId)
      const open = plan.filter((one) => lastOf(state, one)?.status !== 'COMPLETED')
      for (const one of open) Object.assign(one, { isOpen: true, workerId: undefined })
      return { total: plan.length, completed: plan.length - open.length }
    },
    beginWorker: async (claim, { host, pid }, leaseMilliseconds) => {
      fenced(state, claim)
      state.lastId += 1
      const workerId = `worker-${state.lastId}`
      const leaseExpiresAt = leaseMilliseconds === null ? null : state.now().getTime() + leaseMilliseconds
      const { jobExecutionId } = claim
      state.workers.set(workerId, { host, pid, jobExecutionId, isRetired: false, leaseExpiresAt })
      return workerId
    },
    beatWorker: async ({ jobExecutionId, generation }, workerId, leaseMilliseconds) => {
      const stored = state.executions.get(jobExecutionId)
      const worker = state.workers.get(workerId)
      if (stored === undefined || String(stored.generation) !== generation) return { lease: 'lost' }
      if (worker === undefined || worker.isRetired) return { lease: 'lost' }
      worker.leaseExpiresAt = state.now().getTime() + leaseMilliseconds
      return { lease: 'held', jobStatus: stored.execution.status }
    },
    claimPartition: async (claim, from) => claimPartition(state, claim, from),
    retireWorkers: async (claim, retirement) => retireWorkers(state, claim, retirement),
    findPartitions: async (planId, jobExecutionId) =>
      planOf(state, planId).map((one) => partitionState(state, one, jobExecutionId)),
    findPlanState: async (planId, jobExecutionId) =>
      planState(planOf(state, planId).map((one) => partitionState(state, one, jobExecutionId))),
    listPartitionOverviews: async (jobExecutionId) => overviews(state, jobExecutionId),
    listPartitionExecutions: async ({ jobExecutionId, stepName, statuses, after, limit }) =>
      partitionsIn(state, jobExecutionId)
        .filter(({ partition }) => stepName === undefined || partition?.stepName === stepName)
        .filter(({ status }) => statuses === undefined || statuses.includes(status))
        .filter(({ id }) => after === undefined || Number(id) > Number(after))
        .slice(0, limit),
  }
}

function storedPartition({ name, value }: Partition): StoredPartition {
  return { name, value: structuredClone(value), isOpen: true, workerId: undefined, executions: [] }
}

function planOf(state: MemoryState, planId: string): readonly StoredPartition[] {
  return state.plans.get(planId) ?? []
}

function claimPartition(
  state: MemoryState,
  claim: Claim,
  { planId, stepName, workerId }: PartitionClaim,
): ClaimedPartition | undefined {
  fenced(state, claim)
  const worker = state.workers.get(workerId)
  if (worker === undefined || worker.isRetired) throw givenUp(claim, workerId)
  const next = planOf(state, planId).find(({ isOpen }) => isOpen)
  if (next === undefined) return undefined
  const { name, value } = next
  const last = lastOf(state, next)?.executionContext
  const session = openStepSession(
    state,
    claim,
    {
      stepName: partitionStepName(stepName, name),
      executionContext: last?.kind === 'readable' ? last.values : {},
    },
    { stepName, name, worker: { host: worker.host, pid: worker.pid } },
  )
  const earlierCounts = countsOf(state, next)
  Object.assign(next, { isOpen: false, workerId })
  next.executions.push(session.stepExecution.id)
  return { partition: { name, value: structuredClone(value) }, session, earlierCounts }
}

function retireWorkers(
  state: MemoryState,
  claim: Claim,
  { planId, workers, reason, attempts }: Retirement,
): Retired {
  fenced(state, claim)
  const now = state.now().getTime()
  const isGone = (id: string, { isRetired, leaseExpiresAt, jobExecutionId }: StoredWorker) =>
    !isRetired &&
    jobExecutionId === claim.jobExecutionId &&
    (workers === 'expired' ? leaseExpiresAt !== null && leaseExpiresAt < now : workers.workerId === id)
  const gone = [...state.workers].filter(([id, worker]) => isGone(id, worker))
  for (const [, worker] of gone) worker.isRetired = true
  let reopened = 0
  for (const one of planOf(state, planId)) {
    const last = lastOf(state, one)
    const worker = one.workerId === undefined ? undefined : state.workers.get(one.workerId)
    if (last === undefined || !isLive(last.status) || worker?.isRetired !== true) continue
    const exitStatus = { exitCode: 'FAILED', exitDescription: reason }
    changeStep(state, claim, last.id, { status: 'FAILED', exitStatus, endTime: state.now() })
    const here = executionsOf(state, one).filter((step) => step.jobExecutionId === claim.jobExecutionId)
    Object.assign(one, { isOpen: here.length < attempts, workerId: undefined })
    reopened += one.isOpen ? 1 : 0
  }
  return { workerIds: gone.map(([id]) => id), reopened }
}

function executionsOf(state: MemoryState, { executions }: StoredPartition): readonly StepExecution[] {
  if (executions.length === 0) return []
  return [...state.executions.values()]
    .flatMap(({ steps }) => steps)
    .filter(({ id }) => executions.includes(id))
}

function lastOf(state: MemoryState, partition: StoredPartition): StepExecution | undefined {
  return executionsOf(state, partition).at(-1)
}

function countsOf(state: MemoryState, partition: StoredPartition, jobExecutionId?: string): StepCounts {
  return executionsOf(state, partition)
    .filter((step) => jobExecutionId === undefined || step.jobExecutionId === jobExecutionId)
    .reduce(addCounts, NO_COUNTS)
}

function partitionState(
  state: MemoryState,
  partition: StoredPartition,
  jobExecutionId: string,
): PartitionState {
  return {
    name: partition.name,
    value: structuredClone(partition.value) as JsonValue,
    isOpen: partition.isOpen,
    last: lastOf(state, partition) ?? null,
    counts: countsOf(state, partition),
    countsHere: countsOf(state, partition, jobExecutionId),
  }
}

function planState(states: readonly PartitionState[]): PlanState {
  const failed = states.filter(({ isOpen, last }) => !isOpen && last?.status === 'FAILED')
  const incomplete = states.filter(({ last }) => last?.status !== 'COMPLETED')
  const names = (some: readonly PartitionState[]) => some.slice(0, NAMED_PARTITIONS).map(({ name }) => name)
  return {
    total: states.length,
    failed: {
      count: failed.length,
      names: names(failed),
      firstReason: failed[0]?.last?.exitStatus.exitDescription ?? '',
    },
    incomplete: { count: incomplete.length, names: names(incomplete) },
    exitCodes: [...new Set(states.flatMap(({ last }) => (last === null ? [] : last.exitStatus.exitCode)))],
    counts: states.map(({ counts }) => counts).reduce(addCounts, NO_COUNTS),
    countsHere: states.map(({ countsHere }) => countsHere).reduce(addCounts, NO_COUNTS),
  }
}

function partitionsIn(state: MemoryState, jobExecutionId: string): readonly StepExecution[] {
  const steps = state.executions.get(jobExecutionId)?.steps ?? []
  return steps.filter(({ partition }) => partition !== undefined)
}

function overviews(state: MemoryState, jobExecutionId: string): readonly PartitionOverview[] {
  const here = partitionsIn(state, jobExecutionId)
  return [...state.plans.values()].flatMap((plan) => {
    const begun = here.filter(({ id }) => plan.some(({ executions }) => executions.includes(id)))
    const stepName = begun[0]?.partition?.stepName
    if (stepName === undefined) return []
    const executions: Partial<Record<BatchStatus, number>> = {}
    for (const { status } of begun) executions[status] = (executions[status] ?? 0) + 1
    return [{ stepName, planned: plan.length, open: plan.filter(({ isOpen }) => isOpen).length, executions }]
  })
}

function givenUp({ jobExecutionId, generation }: Claim, workerId: string): BatchError {
  return new BatchError(
    'LEASE_LOST',
    `worker ${workerId} of job execution ${jobExecutionId} was given up; its partitions belong to others, and it must not go on`,
    { details: { jobExecutionId, generation, workerId } },
  )
}
