/** An operator's verdict on an execution in memory. Nothing waits in here, so it is never out of date. */
import { closedEvent } from '../../core/model/batch-event.ts'
import type { BatchStatus } from '../../core/model/batch-status.ts'
import { cutText } from '../../core/model/error-description.ts'
import { exitStatus } from '../../core/model/exit-status.ts'
import { type OperatorAction, REQUESTER_LIMIT } from '../../core/model/operator-action.ts'
import type { StepExecution } from '../../core/model/step-execution.ts'
import type { ExecutionAtHand, RetireOutcome, RetireRequest } from '../../core/ports/retirement.ts'
import { noteExecutionEvent } from './memory-events.ts'
import {
  executionsOf,
  type MemoryState,
  partitionSums,
  shownExecution,
  type StoredExecution,
  storedExit,
} from './memory-state.ts'

export function retire(state: MemoryState, { jobExecutionId, by, decide }: RetireRequest): RetireOutcome {
  const stored = state.executions.get(jobExecutionId)
  if (stored === undefined) return 'not-found'
  const verdict = decide(atHand(state, stored))
  switch (verdict.action) {
    case 'refuse':
      throw verdict.error
    case 'leave':
      return 'left'
    case 'close':
      close(state, stored, verdict, by)
      return 'closed'
    case 'abandon':
      end(state, stored, 'ABANDONED')
      noteExecutionEvent(state, stored, 'execution.abandoned')
      closeSteps(state, stored, 'FAILED', 'left open by a job execution that was abandoned')
      note(state, stored, 'abandon', by)
      return 'abandoned'
    default:
      return verdict satisfies never
  }
}

/** One that has FAILED stays as it ended. */
export function close(
  state: MemoryState,
  stored: StoredExecution,
  { status, reason }: { readonly status: 'FAILED' | 'STOPPED'; readonly reason: string },
  by: string | null,
): void {
  const event = closedEvent(stored.execution.status, status, by)
  if (stored.execution.status !== 'FAILED') end(state, stored, status, reason)
  if (event !== null) noteExecutionEvent(state, stored, event)
  closeSteps(state, stored, status, reason)
  note(state, stored, 'recover', by)
}

export function note(
  state: MemoryState,
  stored: StoredExecution,
  action: OperatorAction['action'],
  by: string | null,
): void {
  if (by !== null)
    stored.actions = [...stored.actions, { action, at: state.now(), by: cutText(by, REQUESTER_LIMIT) }]
}

function atHand(state: MemoryState, stored: StoredExecution): ExecutionAtHand {
  const latest = executionsOf(state, stored.execution.jobInstance).at(-1) ?? stored
  return {
    ...shownExecution(state, stored),
    openSteps: stored.steps.filter(isOpen).length,
    followedBy: latest === stored ? null : latest.execution.id,
  }
}

function isOpen({ status }: StepExecution): boolean {
  return !['COMPLETED', 'STOPPED', 'FAILED', 'ABANDONED'].includes(status)
}

/** Without a reason the exit status stays. */
function end(state: MemoryState, stored: StoredExecution, status: BatchStatus, reason?: string): void {
  const { execution } = stored
  stored.execution = {
    ...execution,
    status,
    ...(reason === undefined ? {} : { exitStatus: storedExit(exitStatus(status, reason)) }),
    endTime: execution.endTime ?? state.now(),
    lastUpdated: state.now(),
    version: execution.version + 1,
  }
}

function closeSteps(
  state: MemoryState,
  stored: StoredExecution,
  status: 'FAILED' | 'STOPPED',
  reason: string,
): void {
  const now = state.now()
  const closed = (step: StepExecution): StepExecution => ({
    ...step,
    ...partitionSums(step, stored.steps),
    status,
    exitStatus: storedExit(exitStatus(status, reason)),
    endTime: step.endTime ?? now,
    lastUpdated: now,
    version: step.version + 1,
  })
  stored.steps = stored.steps.map((step) => (isOpen(step) ? closed(step) : step))
  stored.generation += 1
  if (stored.leaseExpiresAt > now) stored.leaseExpiresAt = now
}
