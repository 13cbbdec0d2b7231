/** A job repository in this process's memory: for unit tests, and for jobs that need no restart after a crash. */
import { isLive } from '../../core/model/batch-status.ts'
import type { StoredContext } from '../../core/model/execution-context.ts'
import type { JobExecution, JobExecutionDetails } from '../../core/model/job-execution.ts'
import type { JobInstance } from '../../core/model/job-instance.ts'
import { addCounts, NO_COUNTS, type StepExecution } from '../../core/model/step-execution.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type {
  Claim,
  ExecutionFilter,
  HeartbeatAnswer,
  JobRepository,
  Launched,
  LaunchRequest,
  PreviousStep,
} from '../../core/ports/job-repository.ts'
import {
  changeExecution,
  type MemoryState,
  readable,
  type StoredExecution,
  storedExit,
} from './memory-state.ts'
import { memoryPartitions } from './memory-partitions.ts'
import { abandonStep, openStepSession } from './memory-step-session.ts'
import { beginMemoryTransaction, MEMORY_TRANSACTION } from './memory-transaction.ts'

export interface MemoryRepositoryOptions {
  /** For the times that are recorded, and for judging leases. @default the machine's */
  readonly clock?: Pick<Clock, 'now'>
  /** Of job and step executions, which are numbered in the order in which they are begun. @default 1 */
  readonly firstId?: number
}

/**
 * Keeps everything until it is thrown away. The same promises as in Postgres, but that nothing outlives the process, and
 * that the only things that can be written in a chunk's transaction are in memory too: see {@link MEMORY_TRANSACTION}.
 */
export function memoryRepository(options: MemoryRepositoryOptions = {}): JobRepository {
  const { clock = MACHINE, firstId = 1 } = options
  const state: MemoryState = {
    instances: [],
    executions: new Map(),
    lastId: firstId - 1,
    now: clock.now,
    plans: new Map(),
    workers: new Map(),
  }
  return {
    description: 'memory (lost when the process ends)',
    resources: { find: () => undefined },
    transactionHas: ({ id }) => id === MEMORY_TRANSACTION.id,
    launch: async (request) => launch(state, request),
    startJobExecution: async (claim) => {
      changeExecution(state, claim, ({ execution }) => ({
        status: execution.status === 'STARTING' ? 'STARTED' : execution.status,
        startTime: state.now(),
      }))
    },
    endJobExecution: async (claim, end) => {
      const executionContext = readable(end.executionContext)
      const stored = changeExecution(state, claim, () => ({
        status: end.status,
        exitStatus: storedExit(end.exitStatus),
        endTime: state.now(),
        executionContext,
      }))
      stored.leaseExpiresAt = state.now()
    },
    beginStep: async (claim, begin) => openStepSession(state, claim, begin),
    partitions: memoryPartitions(state),
    abandonStep: async (claim, stepExecutionId) => abandonStep(state, claim, stepExecutionId),
    heartbeat: async (claim, leaseMilliseconds) => beat(state, claim, leaseMilliseconds),
    requestStop: async (jobExecutionId) => requestStop(state, jobExecutionId),
    findJobExecution: async (jobExecutionId) => {
      const stored = state.executions.get(jobExecutionId)
      return stored === undefined ? undefined : details(state, stored)
    },
    listJobExecutions: async (filter) => list(state, filter),
    listJobInstances: async ({ jobName, before, limit }) =>
      state.instances
        .filter((one) => jobName === undefined || one.jobName === jobName)
        .filter((one) => before === undefined || Number(one.id) < Number(before))
        .toReversed()
        .slice(0, limit),
    openRehearsal: async () => {
      const { transaction, rollBack } = beginMemoryTransaction()
      return { transaction, close: async () => rollBack() }
    },
    close: async () => {},
  }
}

const MACHINE: Pick<Clock, 'now'> = { now: () => new Date() }

/** Nothing waits in here, so launches of one instance cannot overlap. */
function launch(state: MemoryState, request: LaunchRequest): Launched {
  const known = state.instances.find(
    (one) => one.jobName === request.jobName && one.jobKey === request.jobKey,
  )
  const latest = known === undefined ? undefined : executionsOf(state, known).at(-1)
  const seen = latest === undefined ? undefined : snapshot(state, latest)
  const verdict = request.decide(seen === undefined ? undefined : { execution: seen, owner: seen.owner })
  if (verdict.action === 'refuse') throw verdict.error
  const continued = verdict.action === 'start' ? undefined : latest
  if (continued !== undefined) continued.generation += 1
  if (continued !== undefined && verdict.action === 'recover-and-restart')
    closeAsFailed(continued, verdict.reason, state.now())
  const instance = known ?? insertInstance(state, request)
  const previousSteps = continued === undefined ? new Map() : stepsOf(executionsOf(state, instance))
  const inserted = insertExecution(state, instance, request, continued?.execution.executionContext)
  return {
    execution: snapshot(state, inserted),
    claim: { jobExecutionId: inserted.execution.id, generation: String(inserted.generation) },
    restartOf: continued?.execution.id ?? null,
    recovered: verdict.action === 'recover-and-restart' ? (continued?.execution.id ?? null) : null,
    previousSteps,
  }
}

function insertInstance(state: MemoryState, { jobName, jobKey }: LaunchRequest): JobInstance {
  const instance = { id: String(state.instances.length + 1), jobName, jobKey }
  state.instances.push(instance)
  return instance
}

function insertExecution(
  state: MemoryState,
  jobInstance: JobInstance,
  { parameters, owner, leaseMilliseconds }: LaunchRequest,
  executionContext: StoredContext = readable({}),
): StoredExecution {
  state.lastId += 1
  const now = state.now()
  const stored: StoredExecution = {
    execution: {
      id: String(state.lastId),
      jobInstance,
      jobParameters: structuredClone(parameters),
      status: 'STARTING',
      exitStatus: { exitCode: 'UNKNOWN', exitDescription: '' },
      createTime: now,
      startTime: null,
      endTime: null,
      lastUpdated: now,
      version: 0,
      executionContext,
      owner: null,
    },
    identity: { ...owner },
    since: now,
    generation: 1,
    heartbeatAt: now,
    leaseExpiresAt: new Date(now.getTime() + leaseMilliseconds),
    steps: [],
  }
  state.executions.set(stored.execution.id, stored)
  return stored
}

function closeAsFailed(stored: StoredExecution, reason: string, now: Date): void {
  const failed = <T extends JobExecution | StepExecution>(one: T): T => ({
    ...one,
    status: 'FAILED',
    exitStatus: { exitCode: 'FAILED', exitDescription: reason },
    endTime: now,
    lastUpdated: now,
    version: one.version + 1,
  })
  stored.execution = failed(stored.execution)
  stored.steps = stored.steps.map((step) => (isLive(step.status) ? failed(step) : step))
  stored.leaseExpiresAt = now
}

function stepsOf(executions: readonly StoredExecution[]): ReadonlyMap<string, PreviousStep> {
  const found = new Map<string, PreviousStep>()
  const steps = executions.flatMap((one) => one.steps).filter(({ partition }) => partition === undefined)
  for (const last of steps) {
    const before = found.get(last.stepName)
    const earlier = before?.counts ?? NO_COUNTS
    found.set(last.stepName, {
      last,
      ours: true,
      startCount: (before?.startCount ?? 0) + 1,
      counts: last.status === 'COMPLETED' ? NO_COUNTS : addCounts(earlier, last),
    })
  }
  return found
}

function beat(
  state: MemoryState,
  { jobExecutionId, generation }: Claim,
  milliseconds: number,
): HeartbeatAnswer {
  const stored = state.executions.get(jobExecutionId)
  if (stored === undefined || String(stored.generation) !== generation) return { lease: 'lost' }
  const now = state.now()
  stored.heartbeatAt = now
  stored.leaseExpiresAt = new Date(now.getTime() + milliseconds)
  return { lease: 'held', jobStatus: stored.execution.status }
}

function requestStop(state: MemoryState, jobExecutionId: string): boolean {
  const stored = state.executions.get(jobExecutionId)
  if (stored === undefined || !isLive(stored.execution.status)) return false
  const { execution } = stored
  stored.execution = {
    ...execution,
    status: 'STOPPING',
    version: execution.version + 1,
    lastUpdated: state.now(),
  }
  return true
}

function list(state: MemoryState, filter: ExecutionFilter): readonly JobExecution[] {
  const { jobName, jobInstanceId, statuses, before, limit } = filter
  return [...state.executions.values()]
    .map((stored) => snapshot(state, stored))
    .filter(({ jobInstance }) => jobName === undefined || jobInstance.jobName === jobName)
    .filter(({ jobInstance }) => jobInstanceId === undefined || jobInstance.id === jobInstanceId)
    .filter(({ status }) => statuses === undefined || statuses.includes(status))
    .filter(({ id }) => before === undefined || Number(id) < Number(before))
    .toReversed()
    .slice(0, limit)
}

function executionsOf(state: MemoryState, instance: JobInstance): readonly StoredExecution[] {
  return [...state.executions.values()].filter(({ execution }) => execution.jobInstance.id === instance.id)
}

function snapshot(state: MemoryState, stored: StoredExecution): JobExecution {
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

function details(state: MemoryState, stored: StoredExecution): JobExecutionDetails {
  return { ...snapshot(state, stored), stepExecutions: [...stored.steps] }
}
