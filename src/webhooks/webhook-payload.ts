/** The body of a webhook. Parameters and contexts are no part of it: they may hold what the receiver shall not see. */
import type { BatchEvent } from '../core/model/batch-event.ts'

/** Made once for each delivery, and sent byte for byte at each attempt. */
export function webhookPayload(event: BatchEvent): string {
  return JSON.stringify({ type: event.type, timestamp: event.occurredAt, data: dataOf(event) })
}

function dataOf(event: BatchEvent): Readonly<Record<string, unknown>> {
  if (event.type === 'schedule.missed') {
    const { schedule, jobName, firstSlot, lastSlot, slots, detail } = event
    return { schedule, jobName, firstSlot, lastSlot, slots, detail }
  }
  const { jobExecutionId, jobInstanceId, jobName, status, exitCode, exitMessage, startTime, endTime } = event
  return { jobExecutionId, jobInstanceId, jobName, status, exitCode, exitMessage, startTime, endTime }
}
