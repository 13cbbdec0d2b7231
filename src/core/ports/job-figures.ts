/** Figures over many executions: for a page about a job, and for monitoring. */
import type { BatchStatus } from '../model/batch-status.ts'
import type { ReconciledCounts } from '../model/step-execution.ts'

export interface StatisticsRequest {
  readonly jobName: string
  /** Executions created from then on. */
  readonly since: Date
  /** Created before then. @default whenever */
  readonly until?: Date
}

export interface JobStatistics {
  readonly executions: ExecutionsByStatus
  /** COMPLETED among COMPLETED and FAILED, from 0 to 1; null where there is neither. */
  readonly successRate: number | null
  /** Of executions that COMPLETED; null where none has. */
  readonly duration: DurationFigures | null
  /** Summed over the steps; partitions count once. */
  readonly items: ReconciledCounts
  /** Days in UTC on which executions were created, oldest first. */
  readonly days: readonly DayFigures[]
}

export type ExecutionsByStatus = Readonly<Record<BatchStatus, number>>

export interface DurationFigures {
  readonly p50Milliseconds: number
  readonly p95Milliseconds: number
  readonly meanMilliseconds: number
}

export interface DayFigures {
  /** `2026-11-21` */
  readonly day: string
  readonly executions: ExecutionsByStatus
  /** Of executions that COMPLETED; null where none has. */
  readonly meanMilliseconds: number | null
  readonly items: ReconciledCounts
}

export interface HourlyRequest {
  readonly since: Date
  /** @default whenever */
  readonly until?: Date
}

/** Of all jobs. What was abandoned since has ended as ABANDONED, and is in none of its counts. */
export interface HourFigures {
  /** Its beginning. */
  readonly hour: Date
  readonly started: number
  readonly completed: number
  readonly failed: number
  readonly stopped: number
}

/** Of the last executions of a job that COMPLETED in one go: a restart does only what was left. */
export interface TypicalRun {
  /** How many these are. */
  readonly executions: number
  /** Null where there are none. */
  readonly medianMilliseconds: number | null
  /** Of each step that has COMPLETED in any of them, in the order in which they were begun. */
  readonly steps: readonly TypicalStep[]
}

/** Of how many of a job's newest instances: one that has not completed for so long has nothing typical. */
export const TYPICAL_INSTANCES = 1000

export interface TypicalStep {
  readonly stepName: string
  readonly executions: number
  readonly medianMilliseconds: number
  readonly medianReadCount: number
  readonly medianWriteCount: number
}

export interface RepositoryFacts {
  /** Of every job that has an instance, in the order of their names. */
  readonly jobs: readonly JobFacts[]
  /** Live, but the lease has run out. */
  readonly staleExecutions: number
}

export interface JobFacts {
  readonly jobName: string
  /**
   * When the last COMPLETED execution has ended; null where none has. Where the job's newest instances have completed, a restart of one
   * long before them is not looked for.
   */
  readonly lastSuccess: Date | null
  /** Of the execution that was launched last; null where no instance has one. */
  readonly lastStatus: BatchStatus | null
  readonly live: number
  /** Instances whose latest execution is FAILED, STOPPED, UNKNOWN or stale. */
  readonly attention: number
}
