/** One attempt at a JobInstance. */
import type { BatchStatus } from './batch-status.ts'
import type { StoredContext } from './execution-context.ts'
import type { ExecutionOwner } from './execution-owner.ts'
import type { ExitStatus } from './exit-status.ts'
import type { JobInstance } from './job-instance.ts'
import type { JobParameters } from './job-parameters.ts'
import type { LaunchFacts } from './launch-facts.ts'
import type { StepExecution } from './step-execution.ts'

/** As lists show it: without what it remembers. */
export interface JobExecutionSummary {
  readonly id: string
  readonly jobInstance: JobInstance
  readonly jobParameters: JobParameters
  readonly status: BatchStatus
  readonly exitStatus: ExitStatus
  readonly createTime: Date
  readonly startTime: Date | null
  readonly endTime: Date | null
  readonly lastUpdated: Date | null
  readonly version: number
  /** Null for an execution that Spring made. Kept after the end, to say who ran it. */
  readonly owner: ExecutionOwner | null
  /** Null for an execution that Spring made, and for one from before this was recorded. */
  readonly launch: LaunchFacts | null
}

export interface JobExecution extends JobExecutionSummary {
  readonly executionContext: StoredContext
}

/** An execution with its steps in the order in which they were begun; those of partitions are asked for apart. */
export interface JobExecutionDetails extends JobExecution {
  readonly stepExecutions: readonly StepExecution[]
}
