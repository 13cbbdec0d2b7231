/** The schedules and the fire ledger in memory. Nothing waits in a fire, so fires cannot overlap. */
import { isBatchError } from '../../core/model/batch-error.ts'
import { isLive } from '../../core/model/batch-status.ts'
import { cutText } from '../../core/model/error-description.ts'
import { REQUESTER_LIMIT } from '../../core/model/operator-action.ts'
import type { ScheduleFire, ScheduleState } from '../../core/model/schedule-fire.ts'
import type {
  FireAnswer,
  FireFilter,
  FireGround,
  FireRequest,
  PauseRequest,
  ScheduleStore,
} from '../../core/ports/schedule-store.ts'
import { noteMissedSlots } from './memory-events.ts'
import { launch } from './memory-launch.ts'
import type { MemorySchedules, StoredFire } from './memory-schedule-state.ts'
import { executionsOf, type MemoryState, snapshot } from './memory-state.ts'

export function memoryScheduleStore(state: MemoryState): ScheduleStore {
  const { states, fires } = state.schedules
  return {
    register: async (schedules, at) => schedules.map((schedule) => registered(states, schedule, at)),
    listStates: async () =>
      [...states.values()].toSorted((one, other) => (one.schedule < other.schedule ? -1 : 1)),
    fire: async (request) => fire(state, request),
    record: async (slots, row) => {
      const fresh = slots.filter((slot) => !fires.has(keyOf({ ...row, slot })))
      for (const slot of fresh) store(state, { ...row, slot, jobExecutionId: null }, row.by)
      const recorded = fresh.toSorted((one, other) => one.getTime() - other.getTime())
      if (row.outcome === 'MISSED') noteMissedSlots(state, { ...row, jobName: row.jobName ?? null }, recorded)
      return recorded
    },
    requeue: async (fired, detail) => {
      const found = fires.get(keyOf(fired))
      if (found?.outcome !== 'FIRED' || found.jobExecutionId !== fired.jobExecutionId) return false
      fires.set(keyOf(fired), { ...found, outcome: 'QUEUED', detail })
      return true
    },
    cover: async (schedule, until) => {
      const known = states.get(schedule)
      if (known !== undefined && known.coveredUntil < until)
        states.set(schedule, { ...known, coveredUntil: until })
    },
    pause: async (schedule, request) => pause(states, schedule, request),
    resume: async (schedule, at) => change(states, registered(states, schedule, at), null),
    listFires: async (filter) => list(state, filter),
    findFireOfInstance: async (jobInstanceId) => {
      const fired = list(state, { order: 'oldest-first', limit: Infinity })
      return fired.find((one) => instanceOf(state, one.jobExecutionId)?.id === jobInstanceId)
    },
  }
}

function registered(states: MemorySchedules['states'], schedule: string, at: Date): ScheduleState {
  const known = states.get(schedule) ?? { schedule, registeredAt: at, coveredUntil: at, pause: null }
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
  const verdict = request.decide(groundOf(state, request))
  switch (verdict.action) {
    case 'leave':
      return { outcome: 'left', reason: verdict.reason }
    case 'record': {
      const { outcome, detail } = verdict
      store(state, { ...request, outcome, detail, jobExecutionId: null }, request.by)
      if (verdict.supersedes === true) supersede(state, request)
      return { outcome, detail }
    }
    case 'launch':
      return launchSlot(state, request)
    default:
      return verdict satisfies never
  }
}

function groundOf(state: MemoryState, { schedule, slot, launch: { jobName } }: FireRequest): FireGround {
  const live = [...state.executions.values()]
    .map((stored) => snapshot(state, stored))
    .filter(({ jobInstance, status }) => jobInstance.jobName === jobName && isLive(status))
  const queued = list(state, { schedule, outcomes: ['QUEUED'], order: 'oldest-first', limit: Infinity })
  return {
    state: state.schedules.states.get(schedule),
    live: live.map(({ id, status, owner }) => ({ id, status, owner })),
    queued: queued.map((one) => one.slot).filter((one) => one.getTime() !== slot.getTime()),
  }
}

function launchSlot(state: MemoryState, request: FireRequest): FireAnswer {
  try {
    const launched = launch(state, request.launch)
    const jobExecutionId = launched.execution.id
    store(state, { ...request, outcome: 'FIRED', detail: null, jobExecutionId }, request.by)
    return { outcome: 'FIRED', launched }
  } catch (error) {
    if (!isBatchError(error)) throw error
    if (request.replaces.includes('FIRED')) return { outcome: 'left', reason: error.message, error }
    const detail = `${error.code}: ${error.message}`
    store(state, { ...request, outcome: 'REFUSED', detail, jobExecutionId: null }, request.by)
    return { outcome: 'REFUSED', detail, error }
  }
}

function supersede({ schedules: { fires } }: MemoryState, { schedule, slot }: FireRequest): void {
  const detail = `the slot ${slot.toISOString()} took its place in the queue`
  for (const [key, one] of fires)
    if (one.schedule === schedule && one.outcome === 'QUEUED' && one.slot < slot)
      fires.set(key, { ...one, outcome: 'SKIPPED', detail })
}

function store(state: MemoryState, row: Omit<StoredFire, 'firedBy' | 'firedAt'>, by: string): void {
  const { schedule, slot, outcome, jobExecutionId, detail } = row
  const firedBy = cutText(by, REQUESTER_LIMIT)
  const stored = { schedule, slot, outcome, jobExecutionId, firedBy, firedAt: state.now(), detail }
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
