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
   * FIRED → QUEUED, for an execution that was stopped, or died, and is to be continued. False where the row says something else
   * meanwhile.
   */
  readonly requeue: (fire: FiredExecution, detail: string) => Promise<boolean>
  /** Moves `coveredUntil` on, never back. */
  readonly cover: (schedule: string, until: Date) => Promise<void>
  /** Pausing again changes by whom and the note, not since when. */
  readonly pause: (schedule: string, pause: PauseRequest) => Promise<ScheduleState>
  readonly resume: (schedule: string, at: Date) => Promise<ScheduleState>
  /** Latest slot first, unless `order` says otherwise. */
  readonly listFires: (filter: FireFilter) => Promise<readonly ScheduleFire[]>
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
  /** Pure, and quick: it runs inside the transaction. */
  readonly decide: (ground: FireGround) => FireVerdict
  readonly launch: LaunchRequest
}

export interface FireGround {
  /** Undefined for a schedule that is not registered. */
  readonly state: ScheduleState | undefined
  /** Executions of the job that are live by their status, whoever launched them, oldest first. */
  readonly live: readonly LiveExecution[]
  /** Of this schedule, oldest first; the slot itself is not among them. */
  readonly queued: readonly Date[]
}

export interface LiveExecution {
  readonly id: string
  readonly status: BatchStatus
  /** Null when Spring made it. */
  readonly owner: ExecutionOwner | null
}

export type FireVerdict =
  | { readonly action: 'launch' }
  /** Only the row. With `supersedes`, older QUEUED ones of the schedule become SKIPPED. */
  | {
      readonly action: 'record'
      readonly outcome: Exclude<FireOutcome, 'FIRED'>
      readonly detail: string
      readonly supersedes?: true
    }
  /** Nothing is changed. */
  | { readonly action: 'leave'; readonly reason: string }

export type FireAnswer =
  | { readonly outcome: 'FIRED'; readonly launched: Launched }
  | { readonly outcome: Exclude<FireOutcome, 'FIRED'>; readonly detail: string; readonly error?: Error }
  /** The slot's row was there. */
  | { readonly outcome: 'taken'; readonly fire: ScheduleFire }
  /** Nothing was changed: as the verdict said, or because a slot that had been FIRED was refused now. */
  | { readonly outcome: 'left'; readonly reason: string; readonly error?: Error }

export interface RecordedFire {
  readonly schedule: string
  /** For the event of slots that are MISSED. */
  readonly jobName?: string
  readonly outcome: Exclude<FireOutcome, 'FIRED'>
  readonly by: string
  readonly detail: string
}

export interface FiredExecution {
  readonly schedule: string
  readonly slot: Date
  readonly jobExecutionId: string
}

export interface PauseRequest {
  readonly by: string
  readonly note: string | null
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
