/** What has happened to an execution, or to slots of a schedule: recorded in the transaction in which it happens. */
import type { BatchStatus } from './batch-status.ts'

/**
 * `stale`: its process had died, or it was taken from it, and it was closed as FAILED by whoever recovered it. `abandoned`: settled
 * that it is never restarted.
 */
export const EXECUTION_EVENT_TYPES = [
  'execution.started',
  'execution.completed',
  'execution.failed',
  'execution.stopped',
  'execution.stale',
  'execution.abandoned',
] as const
export const EVENT_TYPES: readonly [...typeof EXECUTION_EVENT_TYPES, 'schedule.missed'] = [
  ...EXECUTION_EVENT_TYPES,
  'schedule.missed',
]

export type ExecutionEventType = (typeof EXECUTION_EVENT_TYPES)[number]
export type EventType = (typeof EVENT_TYPES)[number]

export type BatchEvent = ExecutionEvent | ScheduleEvent

export interface ExecutionEvent {
  /** Unique, but not in the order in which events become visible. */
  readonly id: string
  readonly type: ExecutionEventType
  readonly occurredAt: Date
  readonly jobExecutionId: string
  readonly jobInstanceId: string
  readonly jobName: string
  /** As it was left by what happened; what came later does not show. */
  readonly status: BatchStatus
  /** UNKNOWN until it has ended. */
  readonly exitCode: string
  readonly exitMessage: string
  readonly startTime: Date | null
  readonly endTime: Date | null
}

/** Slots that nobody fired in time, and that the misfire rule left out. */
export interface ScheduleEvent {
  readonly id: string
  readonly type: 'schedule.missed'
  readonly occurredAt: Date
  readonly schedule: string
  /** Null where it is not recorded. */
  readonly jobName: string | null
  readonly firstSlot: Date
  readonly lastSlot: Date
  /** How many, the first and the last included. */
  readonly slots: number
  /** Why. */
  readonly detail: string
}

/** How an execution that ends so is told of. */
export function endedEvent(
  status: Extract<BatchStatus, 'COMPLETED' | 'STOPPED' | 'FAILED'>,
): ExecutionEventType {
  switch (status) {
    case 'COMPLETED':
      return 'execution.completed'
    case 'STOPPED':
      return 'execution.stopped'
    case 'FAILED':
      return 'execution.failed'
    default:
      return status satisfies never
  }
}

/**
 * How an execution is told of that somebody closes. One that had FAILED stays as it ended, and nothing is told again.
 * @param by null for an owner that gives up its own.
 */
export function closedEvent(
  judged: BatchStatus,
  status: 'FAILED' | 'STOPPED',
  by: string | null,
): ExecutionEventType | null {
  if (judged === 'FAILED') return null
  return by === null ? endedEvent(status) : 'execution.stale'
}
