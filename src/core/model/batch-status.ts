/** Where an execution stands. The words, their order and their meaning are Spring Batch's. */

/** In Spring's order of precedence. */
export const BATCH_STATUSES = [
  'COMPLETED',
  'STARTING',
  'STARTED',
  'STOPPING',
  'STOPPED',
  'FAILED',
  'ABANDONED',
  'UNKNOWN',
] as const

export type BatchStatus = (typeof BATCH_STATUSES)[number]

/** The statuses of an execution that has an owner at work. One instance has at most one execution in any of them. */
export const LIVE_STATUSES = ['STARTING', 'STARTED', 'STOPPING'] as const

/** With which an instance waits for somebody, where its latest execution has one of them; a stale one waits too. */
export const TROUBLED_STATUSES = ['FAILED', 'STOPPED', 'UNKNOWN'] as const

export function isBatchStatus(text: string): text is BatchStatus {
  return (BATCH_STATUSES as readonly string[]).includes(text)
}

export function isLive(status: BatchStatus): boolean {
  return (LIVE_STATUSES as readonly string[]).includes(status)
}
