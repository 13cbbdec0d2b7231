/** Events in memory, recorded by what does the things. Nothing here commits out of order. */
import type { ExecutionEventType, ScheduleEvent } from '../../core/model/batch-event.ts'
import { EVENT_PAGE, type EventLook, type EventStore } from '../../core/ports/event-store.ts'
import type { MemoryState, StoredExecution } from './memory-state.ts'

export function noteExecutionEvent(
  state: MemoryState,
  { execution }: StoredExecution,
  type: ExecutionEventType,
): void {
  const { id, jobInstance, status, exitStatus, startTime, endTime } = execution
  state.events.list.push({
    id: nextId(state),
    type,
    occurredAt: state.now(),
    jobExecutionId: id,
    jobInstanceId: jobInstance.id,
    jobName: jobInstance.jobName,
    status,
    exitCode: exitStatus.exitCode,
    exitMessage: exitStatus.exitDescription,
    startTime,
    endTime,
  })
}

export function noteMissedSlots(
  state: MemoryState,
  missed: Pick<ScheduleEvent, 'schedule' | 'jobName' | 'detail'>,
  slots: readonly Date[],
): void {
  const [firstSlot, lastSlot] = [slots[0], slots.at(-1)]
  if (firstSlot === undefined || lastSlot === undefined) return
  const { schedule, jobName, detail } = missed
  state.events.list.push({
    id: nextId(state),
    type: 'schedule.missed',
    occurredAt: state.now(),
    schedule,
    jobName,
    firstSlot,
    lastSlot,
    slots: slots.length,
    detail,
  })
}

export function memoryEventStore(state: MemoryState): EventStore {
  return {
    look: async (cursor, limit = EVENT_PAGE) => lookAtMemory(state, cursor, limit),
    prune: async (before, limit) => prune(state, before, limit),
  }
}

export function lookAtMemory({ events }: MemoryState, cursor: string | undefined, limit: number): EventLook {
  const [memoryId = '', after = ''] = cursor?.split('/') ?? []
  const isOurs = memoryId === events.memoryId && /^\d{1,15}$/.test(after)
  const textOf = (id: string | number): string => `${events.memoryId}/${id}`
  const hereOn = textOf(events.lastId)
  if (!isOurs) return { events: [], cursor: hereOn, hasMore: false, startedAnew: cursor !== undefined }
  const found = events.list.filter(({ id }) => Number(id) > Number(after))
  const shown = found.slice(0, limit)
  const hasMore = found.length > limit
  const next = hasMore ? textOf(shown.at(-1)?.id ?? after) : hereOn
  return { events: shown, cursor: next, hasMore, startedAnew: false }
}

function nextId({ events }: MemoryState): string {
  events.lastId += 1
  return String(events.lastId)
}

function prune({ events, webhooks }: MemoryState, before: Date, limit: number): number {
  const old = events.list.filter(({ occurredAt }) => occurredAt < before).slice(0, limit)
  const gone = new Set(old.map(({ id }) => id))
  events.list.splice(0, events.list.length, ...events.list.filter(({ id }) => !gone.has(id)))
  const { deliveries } = webhooks
  const over = new Set(
    deliveries.filter((one) => one.createdAt < before && one.nextAttemptAt === null).slice(0, limit),
  )
  deliveries.splice(0, deliveries.length, ...deliveries.filter((one) => !over.has(one)))
  return gone.size + over.size
}
