/** Makes the events of a run out of looks at its record, for who watches an execution that another process runs. */
import { isLive, LIVE_STATUSES } from '../model/batch-status.ts'
import type { JobExecutionDetails } from '../model/job-execution.ts'
import type { PartitionOverview } from '../model/partition-overview.ts'
import type { StepExecution } from '../model/step-execution.ts'
import type { ReadProgress } from '../ports/item-reader.ts'
import type { RunObserver } from '../ports/run-observer.ts'

export type ObserveLook = (execution: JobExecutionDetails, partitions: readonly PartitionOverview[]) => void

/**
 * Each step is told as started, progressed or ended when a look first shows it so; what began and ended between two looks
 * only as ended. Nothing is told of an execution that had ended at the first look.
 */
export function observeLooks(observer: RunObserver, stepNames: readonly string[]): ObserveLook {
  const seen = new Map<string, StepExecution>()
  let isFirst = true
  return (execution, partitions) => {
    if (isFirst && !isLive(execution.status)) return
    if (isFirst) observer.jobStarted?.(execution, stepNames)
    isFirst = false
    for (const step of execution.stepExecutions) {
      tellStep(observer, seen.get(step.id), step, partitions)
      seen.set(step.id, step)
    }
    if (!isLive(execution.status)) observer.jobEnded?.(execution)
  }
}

function tellStep(
  observer: RunObserver,
  before: StepExecution | undefined,
  step: StepExecution,
  partitions: readonly PartitionOverview[],
): void {
  const hadEnded = before !== undefined && !isLive(before.status)
  if (hadEnded) return
  if (!isLive(step.status)) return observer.stepEnded?.(step)
  if (before === undefined) observer.stepStarted?.(step)
  const overview = partitions.find(({ stepName }) => stepName === step.stepName)
  const progress = overview === undefined ? undefined : partitionsDone(overview)
  if (progress !== undefined || before?.version !== step.version) observer.stepProgressed?.(step, progress)
}

function partitionsDone({ planned, open, executions }: PartitionOverview): ReadProgress {
  const atWork = LIVE_STATUSES.reduce((sum, status) => sum + (executions[status] ?? 0), 0)
  return { done: Math.max(planned - open - atWork, 0), total: planned, unit: 'partitions' }
}
