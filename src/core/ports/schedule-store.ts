/** The fire ledger and the state of schedules. What a schedule is stands in code; what became of its slots stands here. */
import type { ExecutionOwner } from '../model/execution-owner.ts'
import type { BatchStatus } from '../model/batch-status.ts'
import type { FireOutcome, ScheduleFire, ScheduleState } from '../model/schedule-fire.ts'
import type { Launched, LaunchRequest } from './launch.ts'

export interface ScheduleStore {
  /** Makes those known that are not, covered until `at`; answers with all of `schedules`, in their order. */
  readonly register: (schedules: readonly string[], at: Date) => Promise<readonly ScheduleState[]>
  /** Of all that were ever registered, by name. */
  readonly listStates: () => Promise<readonly ScheduleState[]>
  /**
   * In one transaction: takes the slot's row in the ledger, shows how the job and the schedule stand to `decide`, and does what
   * the verdict says, the launch included. Of many that fire one slot one does; fires of one job go one after the other, and none
   * goes past a pause that was recorded before. A launch that is refused leaves no trace but the row.
   */
  readonly fire: (request: FireRequest) => Promise<FireAnswer>
  /** Rows for slots that have none, without a launch, and one event where they are MISSED; answers with those that it has written. */
  readonly record: (slots: readonly Date[], row: RecordedFire) => Promise<readonly Date[]>
  /**
   * As `record`, and moves `coveredUntil` on, in one: of several that look through the same slots one says what becomes of them.
   * Undefined, and nothing is done, where it was moved meanwhile.
   */
  readonly recordUpTo: (
    slots: readonly Date[],
    row: RecordedFire,
    covers: CoveredSpan,
  ) => Promise<readonly Date[] | undefined>
  /**
   * QUEUED rows for a backfill: for slots that have none, and for those whose outcome may be replaced. Answers with those that
   * it has written.
   */
  readonly queue: (slots: readonly Date[], backfill: QueuedBackfill) => Promise<readonly Date[]>
  /**
   * The slots of its backfills that wait become SKIPPED, or FIRED again where they had been before, and belong to no backfill any more. One
   * that is being fired is left to that. Answers with those that it has changed.
   */
  readonly cancelBackfill: (schedule: string, row: CancelledBackfill) => Promise<readonly Date[]>
  /** Of each schedule those that have waited longest, at most so many; slots of backfills after all others. */
  readonly listQueued: (schedules: readonly string[], limit: number) => Promise<readonly ScheduleFire[]>
  /** Moves `coveredUntil` on, never back. */
  readonly cover: (schedule: string, until: Date) => Promise<void>
  /** Pausing again changes by whom and the note, not since when. */
  readonly pause: (schedule: string, pause: PauseRequest) => Promise<ScheduleState>
  readonly resume: (schedule: string, request: ResumeRequest) => Promise<ScheduleState>
  /** Latest slot first, unless `order` says otherwise. */
  readonly listFires: (filter: FireFilter) => Promise<readonly ScheduleFire[]>
  /** Of each of these that has any, the row of its latest slot. */
  readonly listLatestFires: (schedules: readonly string[]) => Promise<readonly ScheduleFire[]>
  /** The slot for which this instance was launched first. */
  readonly findFireOfInstance: (jobInstanceId: string) => Promise<ScheduleFire | undefined>
}

export interface FireRequest {
  readonly schedule: string
  readonly slot: Date
  /** For the ledger. Who launched is in the launch. */
  readonly by: string
  /** Rows with these outcomes are taken over; every other row means that the slot is taken. */
  readonly replaces: readonly FireOutcome[]
  /** The slot is fired as part of a backfill, see `ScheduleFire.maxActive`. @default as the row says */
  readonly maxActive?: number
  /** Pure, and quick: it runs inside the transaction. */
  readonly decide: (ground: FireGround) => FireVerdict
  readonly launch: LaunchRequest
}

export interface FireGround {
  /** Undefined for a schedule that is not registered. */
  readonly state: ScheduleState | undefined
  /** Executions of the job that are live by their status, whoever launched them, oldest first. */
  readonly live: readonly LiveExecution[]
  /** Of this schedule, oldest first; the slot itself is not among them, and no slots of backfills. */
  readonly queued: readonly Date[]
  /** The latest slot of the schedule before this one that was fired. */
  readonly previous: PreviousFire | undefined
  /** Of the slot that is fired: not null where it belongs to a backfill. */
  readonly maxActive: number | null
}

export interface PreviousFire {
  readonly slot: Date
  /** The latest execution of its instance, and how that stands. */
  readonly jobExecutionId: string
  readonly status: BatchStatus
  readonly endTime: Date | null
}

export interface LiveExecution {
  readonly id: string
  readonly status: BatchStatus
  /** Null when Spring made it. */
  readonly owner: ExecutionOwner | null
  /** Whether it was launched for a slot of a backfill. */
  readonly isBackfill: boolean
}

export type FireVerdict =
  | { readonly action: 'launch' }
  /**
   * Only the row. With `supersedes`, older QUEUED ones of the schedule become SKIPPED. With `pauses`, the schedule is paused, with
   * that as the note.
   */
  | {
      readonly action: 'record'
      readonly outcome: Exclude<FireOutcome, 'FIRED'>
      readonly detail: string
      readonly supersedes?: true
      readonly pauses?: string
    }
  /** Nothing is changed. */
  | { readonly action: 'leave'; readonly reason: string }

export type FireAnswer =
  | { readonly outcome: 'FIRED'; readonly launched: Launched }
  | { readonly outcome: Exclude<FireOutcome, 'FIRED'>; readonly detail: string; readonly error?: Error }
  /** The slot's row was there. */
  | { readonly outcome: 'taken'; readonly fire: ScheduleFire }
  /**
   * Not launched: as the verdict said, or because a slot that had been FIRED was refused now. A row that had been FIRED, and
   * queued since, is FIRED again.
   */
  | { readonly outcome: 'left'; readonly reason: string; readonly error?: Error }

export interface RecordedFire {
  readonly schedule: string
  /** For the event of slots that are MISSED. */
  readonly jobName?: string
  readonly outcome: Exclude<FireOutcome, 'FIRED'>
  readonly by: string
  readonly detail: string
}

export interface QueuedBackfill {
  readonly schedule: string
  readonly by: string
  readonly detail: string
  readonly replaces: readonly FireOutcome[]
  readonly maxActive: number
}

export interface CancelledBackfill {
  readonly by: string
  readonly detail: string
}

export interface CoveredSpan {
  /** `coveredUntil`, as what is recorded was planned by. */
  readonly from: Date
  readonly until: Date
}

export interface PauseRequest {
  readonly by: string
  readonly note: string | null
  readonly at: Date
}

export interface ResumeRequest {
  readonly by: string
  readonly at: Date
}

export interface FireFilter {
  readonly schedule?: string
  readonly outcomes?: readonly FireOutcome[]
  /** Only later slots. */
  readonly after?: Date
  /** Only slots up to it, and it. */
  readonly until?: Date
  readonly order?: 'oldest-first'
  readonly limit: number
}
