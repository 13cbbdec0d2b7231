/** What has become of a partitioned step in one job execution, however many partitions it has. */
import type { BatchStatus } from './batch-status.ts'

export interface PartitionOverview {
  /** The step that was partitioned. */
  readonly stepName: string
  /** Partitions of the plan. */
  readonly planned: number
  /** Of the plan, by now: nobody has begun them, or they are to be begun again. */
  readonly open: number
  /** Of this job execution: how many executions of partitions have which status. One that was taken over has several. */
  readonly executions: Readonly<Partial<Record<BatchStatus, number>>>
}
