/** Which partitions of an execution are shown, where there may be thousands. */
import { LIVE_STATUSES } from '../core/model/batch-status.ts'
import type { PartitionOverview } from '../core/model/partition-overview.ts'
import type { StepExecution } from '../core/model/step-execution.ts'
import type { JobOperator } from '../core/operator/job-operator.ts'
import { slowestFirst } from '../json/partition-figures.ts'

export interface ListedPartitions {
  readonly overviews: readonly PartitionOverview[]
  /** Those at work, silent for longest first; those that failed; then others in the order of their beginning. */
  readonly executions: readonly StepExecution[]
}

/** More are never at work at the same time. */
const AT_WORK = 1_000

/** At most `limit` of those at work, and of those that failed; others only as far as these leave room. */
export async function listedPartitions(
  { listPartitionOverviews, listPartitionExecutions }: JobOperator,
  jobExecutionId: string,
  limit: number,
): Promise<ListedPartitions> {
  const overviews = await listPartitionOverviews(jobExecutionId)
  if (overviews.length === 0) return { overviews, executions: [] }
  const atWork = await listPartitionExecutions({ jobExecutionId, statuses: LIVE_STATUSES, limit: AT_WORK })
  const failed = await listPartitionExecutions({ jobExecutionId, statuses: ['FAILED'], limit })
  const first = [...slowestFirst(atWork, new Date()).slice(0, limit), ...failed]
  const room = limit - first.length
  const statuses = ['COMPLETED', 'STOPPED', 'UNKNOWN', 'ABANDONED'] as const
  const others = room > 0 ? await listPartitionExecutions({ jobExecutionId, statuses, limit: room }) : []
  return { overviews, executions: [...first, ...others] }
}
