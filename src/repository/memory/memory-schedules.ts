/** The schedules and the fire ledger in memory. Nothing waits in a fire, so fires cannot overlap. */
import { isBatchError } from '../../core/model/batch-error.ts'
import { isLive } from '../../core/model/batch-status.ts'
import { cutText } from '../../core/model/error-description.ts'
import { REQUESTER_LIMIT } from '../../core/model/operator-action.ts'
import type { ScheduleFire, ScheduleState } from '../../core/model/schedule-fire.ts'
import type {
  CancelledBackfill,
  FireAnswer,
  FireFilter,
  FireGround,
  FireRequest,
  PauseRequest,
  PreviousFire,
  QueuedBackfill,
  RecordedFire,
  ScheduleStore,
} from '../../core/ports/schedule-store.ts'
import { noteMissedSlots } from './memory-events.ts'
import { launch } from './memory-launch.ts'
import type { MemorySchedules, StoredFire } from './memory-schedule-state.ts'
import { executionsOf, type MemoryState, snapshot } from './memory-state.ts'

export function memoryScheduleStore(state: MemoryState): ScheduleStore {
  const { states } = state.schedules
  return {
    register: async (schedules, at) => schedules.map((schedule) => registered(states, schedule, at)),
    listStates: async () =>
      [...states.values()].toSorted((one, other) => (one.schedule < other.schedule ? -1 : 1)),
    fire: async (request) => fire(state, request),
    record: async (slots, row) => record(state, slots, row),
    recordUpTo: async (slots, row, { from, until }) => {
      const known = states.get(row.schedule)
      if (known?.coveredUntil.getTime() !== from.getTime()) return undefined
      states.set(row.schedule, { ...known, coveredUntil: until })
      return record(state, slots, row)
    },
    queue: async (slots, backfill) => queue(state, slots, backfill),
    cancelBackfill: async (schedule, row) => cancelBackfill(state, schedule, row),
    listQueued: async (schedules, limit) =>
      schedules.flatMap((schedule) => queuedOf(state, schedule).slice(0, limit)),
    cover: async (schedule, until) => {
      const known = states.get(schedule)
      if (known !== undefined && known.coveredUntil < until)
        states.set(schedule, { ...known, coveredUntil: until })
    },
    pause: async (schedule, request) => pause(states, schedule, request),
    resume: async (schedule, { by, at }) => {
      const resumed = { at: state.now(), by: cutText(by, REQUESTER_LIMIT) }
      return change(states, { ...registered(states, schedule, at), resumed }, null)
    },
    listFires: async (filter) => list(state, filter),
    listLatestFires: async (schedules) =>
      schedules.flatMap((schedule) => list(state, { schedule, limit: 1 })),
    findFireOfInstance: async (jobInstanceId) => {
      const fired = list(state, { order: 'oldest-first', limit: Infinity })
      return fired.find((one) => instanceOf(state, one.jobExecutionId)?.id === jobInstanceId)
    },
  }
}

function record(state: MemoryState, slots: readonly Date[], row: RecordedFire): readonly Date[] {
  const fresh = slots.filter((slot) => !state.schedules.fires.has(keyOf({ ...row, slot })))
  for (const slot of fresh) store(state, { ...row, slot, jobExecutionId: null, maxActive: null }, row.by)
  const recorded = fresh.toSorted((one, other) => one.getTime() - other.getTime())
  if (row.outcome === 'MISSED') noteMissedSlots(state, { ...row, jobName: row.jobName ?? null }, recorded)
  return recorded
}

function queue(state: MemoryState, slots: readonly Date[], backfill: QueuedBackfill): readonly Date[] {
  const { by, replaces, ...row } = backfill
  const written = slots.filter((slot) => {
    const found = state.schedules.fires.get(keyOf({ ...row, slot }))
    if (found !== undefined && !replaces.includes(found.outcome)) return false
    const { jobExecutionId = null } = found ?? {}
    store(state, { ...row, slot, outcome: 'QUEUED', jobExecutionId }, by)
    return true
  })
  return written.toSorted((one, other) => one.getTime() - other.getTime())
}

function cancelBackfill(
  state: MemoryState,
  schedule: string,
  { by, detail }: CancelledBackfill,
): readonly Date[] {
  const waiting = queuedOf(state, schedule).filter(({ maxActive }) => maxActive !== null)
  for (const row of waiting) {
    const outcome = row.jobExecutionId === null ? 'SKIPPED' : 'FIRED'
    store(state, { ...row, outcome, detail, maxActive: null }, by)
  }
  return waiting.map(({ slot }) => slot)
}

/** Slots of backfills after all others. */
function queuedOf(state: MemoryState, schedule: string): readonly ScheduleFire[] {
  const queued = list(state, { schedule, outcomes: ['QUEUED'], order: 'oldest-first', limit: Infinity })
  const isBackfill = ({ maxActive }: ScheduleFire) => maxActive !== null
  return [...queued.filter((one) => !isBackfill(one)), ...queued.filter(isBackfill)]
}

function registered(states: MemorySchedules['states'], schedule: string, at: Date): ScheduleState {
  const known = states.get(schedule) ?? {
    schedule,
    registeredAt: at,
    coveredUntil: at,
    pause: null,
    resumed: null,
  }
  states.set(schedule, known)
  return known
}

function pause(
  states: MemorySchedules['states'],
  schedule: string,
  { by, note, at }: PauseRequest,
): ScheduleState {
  const known = registered(states, schedule, at)
  return change(states, known, {
    by: cutText(by, REQUESTER_LIMIT),
    note,
    since: known.pause?.since ?? at,
  })
}

function change(
  states: MemorySchedules['states'],
  known: ScheduleState,
  to: ScheduleState['pause'],
): ScheduleState {
  const changed = { ...known, pause: to }
  states.set(known.schedule, changed)
  return changed
}

function fire(state: MemoryState, request: FireRequest): FireAnswer {
  const found = state.schedules.fires.get(keyOf(request))
  if (found !== undefined && !request.replaces.includes(found.outcome))
    return { outcome: 'taken', fire: shown(state, found) }
  const maxActive = request.maxActive ?? found?.maxActive ?? null
  const row = { ...request, maxActive, jobExecutionId: found?.jobExecutionId ?? null }
  const verdict = request.decide({ ...groundOf(state, request), maxActive })
  switch (verdict.action) {
    case 'leave':
      return { outcome: 'left', reason: verdict.reason }
    case 'record': {
      const { outcome, detail } = verdict
      store(state, { ...row, outcome, detail }, request.by)
      if (verdict.supersedes === true) supersede(state, request)
      if (verdict.pauses !== undefined) pauseByFire(state, request.schedule, verdict.pauses)
      return { outcome, detail }
    }
    case 'launch':
      return launchSlot(state, request, row)
    default:
      return verdict satisfies never
  }
}

function pauseByFire({ schedules: { states }, now }: MemoryState, schedule: string, note: string): void {
  const known = states.get(schedule)
  if (known !== undefined && known.pause === null)
    change(states, known, { by: `schedule ${schedule}`, note, since: now() })
}

function groundOf(
  state: MemoryState,
  { schedule, slot, launch: { jobName } }: FireRequest,
): Omit<FireGround, 'maxActive'> {
  const live = [...state.executions.values()]
    .map((stored) => snapshot(state, stored))
    .filter(({ jobInstance, status }) => jobInstance.jobName === jobName && isLive(status))
  const ofBackfills = [...state.schedules.fires.values()].filter(({ maxActive }) => maxActive !== null)
  const isBackfill = (id: string) => ofBackfills.some(({ jobExecutionId }) => jobExecutionId === id)
  const queued = queuedOf(state, schedule).filter(({ maxActive }) => maxActive === null)
  return {
    state: state.schedules.states.get(schedule),
    previous: previousOf(state, schedule, slot),
    live: live.map(({ id, status, owner }) => ({ id, status, owner, isBackfill: isBackfill(id) })),
    queued: queued.map((one) => one.slot).filter((one) => one.getTime() !== slot.getTime()),
  }
}

function previousOf(state: MemoryState, schedule: string, slot: Date): PreviousFire | undefined {
  const until = new Date(slot.getTime() - 1)
  const [fire] = list(state, { schedule, outcomes: ['FIRED'], until, limit: 1 })
  const execution = state.executions.get(fire?.latest?.jobExecutionId ?? '')?.execution
  if (fire === undefined || execution === undefined) return undefined
  const { id, status, endTime } = execution
  return { slot: fire.slot, jobExecutionId: id, status, endTime }
}

type TakenRow = Omit<StoredFire, 'outcome' | 'detail' | 'firedBy' | 'firedAt'>

function launchSlot(state: MemoryState, request: FireRequest, row: TakenRow): FireAnswer {
  try {
    const launched = launch(state, request.launch)
    const jobExecutionId = launched.execution.id
    store(state, { ...row, outcome: 'FIRED', detail: null, jobExecutionId }, request.by)
    return { outcome: 'FIRED', launched }
  } catch (error) {
    if (!isBatchError(error)) throw error
    if (request.replaces.includes('FIRED')) return { outcome: 'left', reason: error.message, error }
    const detail = `${error.code}: ${error.message}`
    // It had been fired before: it still names that execution.
    const outcome = row.jobExecutionId === null ? 'REFUSED' : 'FIRED'
    store(state, { ...row, outcome, detail }, request.by)
    return outcome === 'FIRED'
      ? { outcome: 'left', reason: error.message, error }
      : { outcome, detail, error }
  }
}

function supersede({ schedules: { fires } }: MemoryState, { schedule, slot }: FireRequest): void {
  const detail = `the slot ${slot.toISOString()} took its place in the queue`
  for (const [key, one] of fires)
    if (one.schedule === schedule && one.outcome === 'QUEUED' && one.maxActive === null && one.slot < slot)
      fires.set(key, { ...one, outcome: 'SKIPPED', detail })
}

function store(state: MemoryState, row: Omit<StoredFire, 'firedBy' | 'firedAt'>, by: string): void {
  const { schedule, slot, outcome, jobExecutionId, detail, maxActive } = row
  const firedBy = cutText(by, REQUESTER_LIMIT)
  const stored = { schedule, slot, outcome, jobExecutionId, firedBy, firedAt: state.now(), detail, maxActive }
  state.schedules.fires.set(keyOf(row), stored)
}

function list(
  state: MemoryState,
  { schedule, outcomes, after, until, order, limit }: FireFilter,
): readonly ScheduleFire[] {
  const sign = order === 'oldest-first' ? 1 : -1
  return [...state.schedules.fires.values()]
    .filter((one) => schedule === undefined || one.schedule === schedule)
    .filter((one) => outcomes === undefined || outcomes.includes(one.outcome))
    .filter((one) => (after === undefined || one.slot > after) && (until === undefined || one.slot <= until))
    .toSorted((one, other) => sign * (one.slot.getTime() - other.slot.getTime()))
    .slice(0, limit)
    .map((one) => shown(state, one))
}

function shown(state: MemoryState, fired: StoredFire): ScheduleFire {
  const instance = instanceOf(state, fired.jobExecutionId)
  const latest = instance === undefined ? undefined : executionsOf(state, instance).at(-1)?.execution
  return {
    ...fired,
    latest: latest === undefined ? null : { jobExecutionId: latest.id, status: latest.status },
  }
}

function instanceOf(state: MemoryState, jobExecutionId: string | null) {
  return jobExecutionId === null ? undefined : state.executions.get(jobExecutionId)?.execution.jobInstance
}

function keyOf({ schedule, slot }: { readonly schedule: string; readonly slot: Date }): string {
  return `${slot.getTime()} ${schedule}`
}
