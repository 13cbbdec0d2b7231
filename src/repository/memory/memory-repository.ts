/** A job repository in this process's memory: for unit tests, and for jobs that need no restart after a crash. */
import { endedEvent } from '../../core/model/batch-event.ts'
import { isLive } from '../../core/model/batch-status.ts'
import type { JobExecutionDetails, JobExecutionSummary } from '../../core/model/job-execution.ts'
import type { OperatorAction } from '../../core/model/operator-action.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { JobRepository } from '../../core/ports/job-repository.ts'
import type { Claim, HeartbeatAnswer } from '../../core/ports/lease.ts'
import { memoryEvents } from './memory-event-list.ts'
import { memoryEventStore, noteExecutionEvent } from './memory-events.ts'
import { facts, statistics } from './memory-figures.ts'
import { hourlyFigures, typicalRun } from './memory-run-figures.ts'
import { launch } from './memory-launch.ts'
import { launchNext } from './memory-launch-next.ts'
import { launchOnce } from './memory-launch-once.ts'
import { note, retire } from './memory-retire.ts'
import {
  abandonStep,
  changeExecution,
  executionsOf,
  fenced,
  type MemoryState,
  readable,
  snapshot,
  type StoredExecution,
  storedExit,
} from './memory-state.ts'
import { memoryPartitions } from './memory-partitions.ts'
import { purgeMemory } from './memory-purge.ts'
import { listExecutions, listInstances, listOverviews, summary } from './memory-queries.ts'
import { openStepSession } from './memory-step-session.ts'
import { beginMemoryTransaction, MEMORY_TRANSACTION } from './memory-transaction.ts'
import { memoryScheduleStore } from './memory-schedules.ts'
import { memoryWebhookStore } from './memory-webhooks.ts'
import { launchMemoryRedrive, memoryQuarantineStore } from './memory-quarantine-store.ts'

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
    lastInstanceId: 0,
    now: clock.now,
    plans: new Map(),
    workers: new Map(),
    quarantine: { entries: [], batches: [], lastEntryId: 0, lastBatchId: 0 },
    samples: new Map(),
    schedules: { states: new Map(), fires: new Map() },
    events: memoryEvents(),
    webhooks: { endpoints: new Map(), deliveries: [], lastDeliveryId: 0 },
  }
  return {
    description: 'memory (lost when the process ends)',
    checkTables: async () => {},
    resources: { find: () => undefined },
    transactionHas: ({ id }) => id === MEMORY_TRANSACTION.id,
    launch: async (request) => launch(state, request),
    launchNext: (request) => launchNext(state, request),
    launchOnce: (request, key) => launchOnce(state, request, key),
    launchRedrive: async (request) =>
      launchMemoryRedrive(state, request, (launching) => launch(state, launching, request.executionContext)),
    quarantine: memoryQuarantineStore(state),
    schedules: memoryScheduleStore(state),
    events: memoryEventStore(state),
    webhooks: memoryWebhookStore(state),
    startJobExecution: async (claim) => start(state, claim),
    endJobExecution: async (claim, end) => {
      const executionContext = readable(end.executionContext)
      const stored = changeExecution(state, claim, () => ({
        status: end.status,
        exitStatus: storedExit(end.exitStatus),
        endTime: state.now(),
        executionContext,
      }))
      stored.leaseExpiresAt = stored.heartbeatAt
      noteExecutionEvent(state, stored, endedEvent(end.status))
    },
    beginStep: async (claim, begin) => openStepSession(state, claim, begin),
    partitions: memoryPartitions(state),
    abandonStep: async (claim, stepExecutionId) => abandonStep(state, claim, stepExecutionId),
    heartbeat: async (claim, leaseMilliseconds) => beat(state, claim, leaseMilliseconds),
    requestStop: async (jobExecutionId, by) => requestStop(state, jobExecutionId, by),
    noteInterruption: async (jobExecutionId, by) => noteInterruption(state, jobExecutionId, by),
    listInterrupted: async (except) => listInterrupted(state, except),
    countDeaths: async (jobInstanceId) => countDeaths(state, jobInstanceId),
    retire: async (request) => retire(state, request),
    findJobExecution: async (jobExecutionId) => {
      const stored = state.executions.get(jobExecutionId)
      return stored === undefined ? undefined : details(state, stored)
    },
    listOperatorActions: async (jobExecutionId) => state.executions.get(jobExecutionId)?.actions ?? [],
    listJobExecutions: async (filter) => listExecutions(state, filter),
    listJobInstances: async (filter) => listInstances(state, filter),
    listInstanceOverviews: async (filter) => listOverviews(state, filter),
    jobStatistics: async (request) => statistics(state, request),
    hourlyFigures: async (request) => hourlyFigures(state, request),
    typicalRun: async (jobName, executions) => typicalRun(state, jobName, executions),
    jobFacts: async () => facts(state),
    listSamples: async (stepExecutionId) =>
      (state.samples.get(stepExecutionId) ?? []).map(({ sample }) => sample),
    openRehearsal: async () => {
      const { transaction, rollBack } = beginMemoryTransaction()
      return { transaction, close: async () => rollBack() }
    },
    listJobNames: async () => [...new Set(state.instances.map(({ jobName }) => jobName))].toSorted(),
    purge: async (request) => purgeMemory(state, request),
    close: async () => {},
  }
}

const MACHINE: Pick<Clock, 'now'> = { now: () => new Date() }

/** Said again, it starts again, but is told of once. */
function start(state: MemoryState, claim: Claim): void {
  const isFirst = fenced(state, claim).execution.startTime === null
  const stored = changeExecution(state, claim, ({ execution }) => ({
    status: execution.status === 'STARTING' ? 'STARTED' : execution.status,
    startTime: state.now(),
  }))
  if (isFirst) noteExecutionEvent(state, stored, 'execution.started')
}

function beat(
  state: MemoryState,
  { jobExecutionId, generation }: Claim,
  milliseconds: number,
): HeartbeatAnswer {
  const stored = state.executions.get(jobExecutionId)
  if (stored === undefined || String(stored.generation) !== generation) return { lease: 'lost' }
  const hasGivenUp = stored.leaseExpiresAt <= stored.heartbeatAt
  if (hasGivenUp) return { lease: 'held', jobStatus: stored.execution.status }
  const now = state.now()
  stored.heartbeatAt = now
  stored.leaseExpiresAt = new Date(now.getTime() + milliseconds)
  return { lease: 'held', jobStatus: stored.execution.status }
}

function requestStop(state: MemoryState, jobExecutionId: string, by: string): boolean {
  const stored = state.executions.get(jobExecutionId)
  if (stored === undefined) return false
  const { execution } = stored
  if (!isLive(execution.status)) {
    const isToBeContinued = execution.status === 'STOPPED' && isInterrupted(stored)
    if (isToBeContinued) note(state, stored, 'stop', by)
    return isToBeContinued
  }
  stored.execution = {
    ...execution,
    status: 'STOPPING',
    version: execution.version + 1,
    lastUpdated: state.now(),
  }
  note(state, stored, 'stop', by)
  return true
}

function noteInterruption(state: MemoryState, jobExecutionId: string, by: string): void {
  const stored = state.executions.get(jobExecutionId)
  if (stored !== undefined && isLive(stored.execution.status)) note(state, stored, 'interrupt', by)
}

function listInterrupted(
  state: MemoryState,
  except: ReadonlySet<string> = new Set(),
): readonly JobExecutionSummary[] {
  return [...state.executions.values()]
    .filter(({ execution }) => execution.status === 'STOPPED' && !except.has(execution.id))
    .filter(isInterrupted)
    .filter((stored) => executionsOf(state, stored.execution.jobInstance).at(-1) === stored)
    .map((stored) => summary(state, stored))
}

function countDeaths(state: MemoryState, jobInstanceId: string): number {
  const jobInstance = state.instances.find(({ id }) => id === jobInstanceId)
  if (jobInstance === undefined) return 0
  const executions = executionsOf(state, jobInstance)
  return executions.length - 1 - executions.findLastIndex((stored) => !hasLostProcess(stored))
}

function hasLostProcess({ execution: { status }, actions }: StoredExecution): boolean {
  return isLive(status) || (status === 'FAILED' && actions.some(({ action }) => action === 'recover'))
}

function isInterrupted({ actions }: StoredExecution): boolean {
  const has = (sought: OperatorAction['action']) => actions.some(({ action }) => action === sought)
  return has('interrupt') && !has('stop')
}

function details(state: MemoryState, stored: StoredExecution): JobExecutionDetails {
  return {
    ...snapshot(state, stored),
    stepExecutions: stored.steps.filter(({ partition }) => partition === undefined),
  }
}
