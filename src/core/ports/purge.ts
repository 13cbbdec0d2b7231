/** What is deleted of the history of a job, and what never is. */

/** The statuses of an instance's latest execution with which it may be purged. */
export const PURGEABLE_STATUSES = ['COMPLETED', 'ABANDONED', 'FAILED', 'STOPPED'] as const
export type PurgeableStatus = (typeof PURGEABLE_STATUSES)[number]

export interface PurgeRequest {
  readonly jobName: string
  /** Only instances of which every execution ended before. */
  readonly endedBefore: Date
  /** So many executions, and so many instances, of the job stay whatever they are: the newest. */
  readonly keepLast: number
  /** What the latest execution of the instance must be. */
  readonly statuses: readonly PurgeableStatus[]
  /** Also instances with skipped items that no redrive has dealt with; never those that a redrive may still come to. */
  readonly withQuarantined: boolean
  /** Deletes nothing, and answers with what it would delete. */
  readonly dryRun: boolean
  /** At most so many instances in this transaction, in the order of their ids. */
  readonly limit: number
  /** Only instances with a greater id: pass `next` of the answer before. */
  readonly after?: string
}

export interface PurgedPart extends PurgeCounts {
  /** Null where there is nothing behind. */
  readonly next: string | null
}

export interface PurgeCounts {
  readonly instances: number
  readonly executions: number
  /** Step executions, those of partitions among them. */
  readonly steps: number
  /** Skipped items. */
  readonly quarantined: number
}

export const NOTHING_PURGED: PurgeCounts = { instances: 0, executions: 0, steps: 0, quarantined: 0 }
