/** What the fire ledger says of one slot of a schedule, and what is known of the schedule itself. */
import type { BatchStatus } from './batch-status.ts'

/**
 * `FIRED`: launched, see the execution. `QUEUED`: waits until the job is free. `SKIPPED`: the overlap rule left it out.
 * `REFUSED`: the launch was refused. `MISSED`: nobody fired it in time, and the misfire rule left it out. `PAUSED`: the schedule
 * was. Only FIRED and QUEUED rows are ever work; the others say why there is none.
 */
export const FIRE_OUTCOMES = ['FIRED', 'QUEUED', 'SKIPPED', 'REFUSED', 'MISSED', 'PAUSED'] as const
export type FireOutcome = (typeof FIRE_OUTCOMES)[number]

/** A row of the ledger: there is one for each slot of which anything is known. */
export interface ScheduleFire {
  readonly schedule: string
  /** The instant for which it was due, not the one at which it began. */
  readonly slot: Date
  readonly outcome: FireOutcome
  /** That was launched for it; null where none was, or where it was deleted since. */
  readonly jobExecutionId: string | null
  /** The latest execution of its instance, which is another after a restart, and how that stands. */
  readonly latest: { readonly jobExecutionId: string; readonly status: BatchStatus } | null
  /** Which process, or who. */
  readonly firedBy: string
  readonly firedAt: Date
  /** Why it was not launched; null where there is nothing to say. */
  readonly detail: string | null
  /** Where it belongs to a backfill: how many runs of that may be under way at once. Null elsewhere. */
  readonly maxActive: number | null
}

export interface ScheduleState {
  readonly schedule: string
  /** Since when it is known here: no slot before it was ever missed. */
  readonly registeredAt: Date
  /** Every slot up to here, this one included, has its row. */
  readonly coveredUntil: Date
  readonly pause: SchedulePause | null
  /** When a person resumed it last, and who that was. */
  readonly resumed: ScheduleResumption | null
}

export interface ScheduleResumption {
  readonly at: Date
  /** Null where it is not recorded. */
  readonly by: string | null
}

export interface SchedulePause {
  readonly by: string
  readonly note: string | null
  readonly since: Date
}
