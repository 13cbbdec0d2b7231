/** What happened in a run or at a launch, as plain data: it can be sent from one process to another. */
import type { FireOutcome } from '../core/model/schedule-fire.ts'
import type { BatchStatus } from '../core/model/batch-status.ts'
import type { TriggerType } from '../core/model/launch-facts.ts'
import type { StepCounts } from '../core/model/step-execution.ts'

/** Steps of a job that is run as a step are told under the outer job, as `step/inner step`; partitions under their step. */
export type Observation =
  | { readonly type: 'job-started'; readonly job: string }
  | {
      readonly type: 'job-ended'
      readonly job: string
      readonly status: BatchStatus
      readonly seconds: number
    }
  /** Its end could not be recorded: it no longer runs here, and how it ended is not known. */
  | { readonly type: 'job-lost'; readonly job: string }
  /** What was counted since it was told last. */
  | {
      readonly type: 'step-progressed'
      readonly job: string
      readonly step: string
      readonly counts: StepCounts
    }
  | {
      readonly type: 'chunk-committed'
      readonly job: string
      readonly step: string
      readonly seconds: number
    }
  /** With what was counted since it was told last. */
  | {
      readonly type: 'step-ended'
      readonly job: string
      readonly step: string
      readonly status: BatchStatus
      readonly seconds: number
      readonly counts: StepCounts
    }
  | {
      readonly type: 'launched'
      readonly job: string
      readonly trigger: TriggerType
      /** `started`, `restarted`, `existing`, `replayed`, or why it was refused: an error code in lower case. */
      readonly result: string
    }
  | { readonly type: 'fired'; readonly schedule: string; readonly outcome: FireOutcome }

/** Must not throw, and returns at once. */
export type Tell = (observation: Observation) => void
