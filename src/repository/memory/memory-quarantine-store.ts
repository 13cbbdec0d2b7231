/** The quarantine of the in-memory repository. */
import { type EntryRedrive, type QuarantineEntry, REDRIVE_OVER } from '../../core/model/quarantined-item.ts'
import type { LaunchedRedrive, Launched, LaunchRequest, RedriveRequest } from '../../core/ports/launch.ts'
import type {
  QuarantineSelection,
  QuarantineStore,
  QuarantineSummary,
  RedriveBatch,
} from '../../core/ports/quarantine-store.ts'
import type { MemoryBatch, MemoryEntry } from './memory-quarantine.ts'
import type { MemoryState, StoredExecution } from './memory-state.ts'

export function memoryQuarantineStore(state: MemoryState): QuarantineStore {
  const { entries, batches } = state.quarantine
  const shown = (entry: MemoryEntry): QuarantineEntry => shownEntry(state, entry)
  return {
    list: async ({ which = 'all', limit, before, ...selection }) =>
      entries
        .filter((one) => matches(state, one, selection))
        .filter((one) => which === 'all' || one.redriven === null)
        .filter((one) => before === undefined || one.id < Number(before))
        .toReversed()
        .slice(0, limit)
        .map(shown),
    find: async (id) => entries.filter((one) => String(one.id) === id).map(shown)[0],
    summarize: async (selection) => summarize(state, selection),
    findBatch: async (batchId) => {
      const batch = batches.find(({ id }) => id === batchId)
      return batch === undefined ? undefined : shownBatch(state, batch)
    },
    listBatches: async (origin) =>
      batches
        .filter(({ originJobExecutionId }) => originJobExecutionId === origin)
        .map((batch) => shownBatch(state, batch)),
    batchEntries: async ({ batchId, stepName, after, limit }) =>
      entries
        .filter((one) => one.batchId === batchId && one.stepName === stepName && one.id > Number(after ?? 0))
        .slice(0, limit)
        .map(shown),
  }
}

/** Nothing waits in here, so nobody else can take an entry meanwhile. */
export function launchMemoryRedrive(
  state: MemoryState,
  { originJobExecutionId, selection, redrivable, launch }: RedriveRequest,
  launchInstance: (request: LaunchRequest) => Launched,
): LaunchedRedrive | undefined {
  const { entries, batches } = state.quarantine
  const due = entries
    .filter((one) => matches(state, one, { ...selection, jobExecutionId: originJobExecutionId }))
    .filter((one) => stateOf(state, one) === 'due')
    .filter(({ stepName, item }) =>
      redrivable.some((target) => target.stepName === stepName && target.phase === item.phase),
    )
  if (due.length === 0) return undefined
  const batchId = String(state.quarantine.lastBatchId + 1)
  const launched = launchInstance({ ...launch(batchId), decide: () => ({ action: 'start' }) })
  state.quarantine.lastBatchId += 1
  batches.push({
    id: batchId,
    originJobExecutionId,
    redriveJobInstanceId: launched.execution.jobInstance.id,
    createdAt: state.now(),
  })
  for (const entry of due) entry.batchId = batchId
  const stepNames = [...new Set(due.map(({ stepName }) => stepName))]
  return { batchId, items: due.length, stepNames, launched }
}

function matches(state: MemoryState, entry: MemoryEntry, selection: QuarantineSelection): boolean {
  const { ids, jobName, jobInstanceId, jobExecutionId, stepName, phase, errorType } = selection
  const { jobInstance } = executionOf(state, entry).execution
  return (
    (ids === undefined || ids.includes(String(entry.id))) &&
    (jobName === undefined || jobInstance.jobName === jobName) &&
    (jobInstanceId === undefined || jobInstance.id === jobInstanceId) &&
    (jobExecutionId === undefined || entry.jobExecutionId === jobExecutionId) &&
    (stepName === undefined || entry.stepName === stepName) &&
    (phase === undefined || entry.item.phase === phase) &&
    (errorType === undefined || entry.item.error.type === errorType)
  )
}

function summarize(state: MemoryState, selection: QuarantineSelection): readonly QuarantineSummary[] {
  const groups = new Map<string, QuarantineSummary>()
  const wanted = state.quarantine.entries.filter((one) => matches(state, one, selection))
  const inOrder = wanted.toSorted(
    (one, other) => Number(one.jobExecutionId) - Number(other.jobExecutionId) || one.id - other.id,
  )
  for (const entry of inOrder) {
    const { jobInstance } = executionOf(state, entry).execution
    const { jobExecutionId, stepName } = entry
    const entryState = stateOf(state, entry)
    const heldBy = entryState === 'held' ? (latestOfBatch(state, entry.batchId)?.execution.id ?? null) : null
    const key = [jobExecutionId, stepName, entry.item.phase, entryState, heldBy].join('\n')
    groups.set(key, {
      jobName: jobInstance.jobName,
      jobInstanceId: jobInstance.id,
      jobExecutionId,
      stepName,
      phase: entry.item.phase,
      state: entryState,
      heldBy,
      items: (groups.get(key)?.items ?? 0) + 1,
    })
  }
  return [...groups.values()]
}

function stateOf(state: MemoryState, entry: MemoryEntry): QuarantineSummary['state'] {
  if (entry.redriven !== null) return 'done'
  if (isHeld(state, entry)) return 'held'
  return entry.item.payload.kind === 'cut' ? 'cut' : 'due'
}

function isHeld(state: MemoryState, { batchId }: MemoryEntry): boolean {
  const latest = latestOfBatch(state, batchId)
  return latest !== undefined && !REDRIVE_OVER.includes(latest.execution.status)
}

function latestOfBatch(state: MemoryState, batchId: string | null): StoredExecution | undefined {
  const batch = state.quarantine.batches.find(({ id }) => id === batchId)
  return [...state.executions.values()].findLast(
    ({ execution }) => execution.jobInstance.id === batch?.redriveJobInstanceId,
  )
}

function shownEntry(state: MemoryState, entry: MemoryEntry): QuarantineEntry {
  const { jobExecutionId, stepName, stepExecutionId, quarantinedAt } = entry
  const { former, ...item } = entry.item
  const { jobInstance } = executionOf(state, entry).execution
  return {
    ...structuredClone(item),
    id: String(entry.id),
    jobName: jobInstance.jobName,
    jobInstanceId: jobInstance.id,
    jobExecutionId,
    stepName,
    stepExecutionId,
    quarantinedAt,
    former: former ?? null,
    redrive: shownRedrive(state, entry),
  }
}

function shownRedrive(state: MemoryState, entry: MemoryEntry): EntryRedrive | null {
  const { batchId, redriven } = entry
  if (batchId === null) return null
  if (redriven === null) {
    const by = latestOfBatch(state, batchId)?.execution.id ?? null
    return {
      batchId,
      state: isHeld(state, entry) ? 'held' : 'given-back',
      jobExecutionId: by,
      at: null,
      again: null,
    }
  }
  const again = state.quarantine.entries.find(({ item }) => item.former === String(entry.id))
  return {
    batchId,
    state: 'done',
    jobExecutionId: redriven.by,
    at: redriven.at,
    again: again === undefined ? null : String(again.id),
  }
}

function shownBatch(state: MemoryState, batch: MemoryBatch): RedriveBatch {
  const steps = new Map<
    string,
    { readonly stepName: string; readonly items: number; readonly done: number }
  >()
  for (const { batchId, stepName, redriven } of state.quarantine.entries) {
    if (batchId !== batch.id) continue
    const { items, done } = steps.get(stepName) ?? { items: 0, done: 0 }
    steps.set(stepName, { stepName, items: items + 1, done: redriven === null ? done : done + 1 })
  }
  const latest = latestOfBatch(state, batch.id)?.execution
  return {
    ...batch,
    jobExecutionId: latest?.id ?? null,
    status: latest?.status ?? null,
    steps: [...steps.values()],
  }
}

/** An execution that is purged takes its entries with it. */
function executionOf(state: MemoryState, { jobExecutionId }: MemoryEntry): StoredExecution {
  return state.executions.get(jobExecutionId) as StoredExecution
}
