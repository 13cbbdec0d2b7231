/** The events of executions and schedules, for those that follow them. */
import type { BatchEvent } from '../model/batch-event.ts'

export interface EventStore {
  /**
   * What was committed since the look that gave the cursor: every event in exactly one of the looks that follow each other, in
   * whatever order transactions commit. Within a look by id. Without a cursor it answers no events, and where to go on from now.
   */
  readonly look: (cursor?: string, limit?: number) => Promise<EventLook>
  /** Deletes at most `limit` events, and deliveries that are over, from before `before`; answers how many of both. */
  readonly prune: (before: Date, limit: number) => Promise<number>
}

export interface EventLook {
  readonly events: readonly BatchEvent[]
  /** For the next look. An opaque text of visible ASCII without spaces. */
  readonly cursor: string
  /** There is more to be looked at already. */
  readonly hasMore: boolean
  /** The given cursor is none, or from another database server or memory: nothing is answered, and events may have been passed over. */
  readonly startedAnew: boolean
}

/** @internal */
export const EVENT_PAGE = 500
