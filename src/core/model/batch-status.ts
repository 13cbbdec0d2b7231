/** Where an execution stands. The words, their order and their meaning are Spring Batch's. */

/** In order of precedence: when several statuses are combined, the later one wins (see `combineStatus`). */
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

export function isBatchStatus(text: string): text is BatchStatus {
  return (BATCH_STATUSES as readonly string[]).includes(text)
}

export function isLive(status: BatchStatus): boolean {
  return (LIVE_STATUSES as readonly string[]).includes(status)
}

/**
 * Spring's `upgradeTo`: the status with the higher precedence, except that COMPLETED wins over STARTING and STARTED,
 * so that work which has ended well is not reported as still going on.
 */
export function combineStatus(one: BatchStatus, other: BatchStatus): BatchStatus {
  const rankOne = BATCH_STATUSES.indexOf(one)
  const rankOther = BATCH_STATUSES.indexOf(other)
  const started = BATCH_STATUSES.indexOf('STARTED')
  if (rankOne <= started && rankOther <= started) {
    return one === 'COMPLETED' || other === 'COMPLETED' ? 'COMPLETED' : higher(one, other)
  }
  return higher(one, other)
}

function higher(one: BatchStatus, other: BatchStatus): BatchStatus {
  return BATCH_STATUSES.indexOf(one) >= BATCH_STATUSES.indexOf(other) ? one : other
}
