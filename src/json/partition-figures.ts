/** How fast partitions are, and how long they are silent. */
import type { StepExecution } from '../core/model/step-execution.ts'

/** How long a running partition is silent, and how fast it has been, by the clock of whoever asks. */
export interface PartitionFigures {
  /** Items read in a second, since it began; until its end where it has ended. */
  readonly itemsPerSecond: number
  /** Since its last commit, or its beginning; null where it has ended. */
  readonly silentMilliseconds: number | null
}

export function partitionFigures(step: StepExecution, now: Date): PartitionFigures {
  const begun = (step.startTime ?? step.createTime).getTime()
  const until = (step.endTime ?? now).getTime()
  const seconds = Math.max(until - begun, 1) / 1000
  const last = (step.lastUpdated ?? step.createTime).getTime()
  return {
    itemsPerSecond: step.readCount / seconds,
    silentMilliseconds: step.endTime === null ? Math.max(now.getTime() - last, 0) : null,
  }
}

/** The one that has gone longest without a commit comes first. */
export function slowestFirst(steps: readonly StepExecution[], now: Date): readonly StepExecution[] {
  const silence = (step: StepExecution) => partitionFigures(step, now).silentMilliseconds ?? -1
  return steps.toSorted((one, other) => silence(other) - silence(one))
}
