/** The sums of a partitioned step while its partitions are at work, for observers. */
import { addCounts, NO_COUNTS, skipCount, type StepCounts } from '../../model/step-execution.ts'
import type { PlanTally } from '../../ports/partition-store.ts'
import type { CommittedChunk } from '../../ports/run-observer.ts'
import { committedExecution, type StepRun } from '../step-run.ts'

/** What the workers of a step tell of their partitions. */
export interface PartitionWatch {
  /** What this step execution has committed so far. */
  readonly progressed: (stepExecutionId: string, counts: StepCounts) => void
  readonly chunkCommitted: (chunk: CommittedChunk) => void
  readonly ended: (status: 'COMPLETED' | 'STOPPED' | 'FAILED') => void
}

export interface SkipWatch {
  /** So many may be skipped, by all partitions together. */
  readonly skips: number
  /** Called once they are more. */
  readonly passed: () => void
}

export function createPartitionTally(
  run: StepRun,
  { total, completed }: PlanTally,
  limit: SkipWatch,
): PartitionWatch {
  const known = new Map<string, StepCounts>()
  let sum = NO_COUNTS
  let done = completed
  const execution = () => ({ ...committedExecution(run.session, run.ledger), ...sum })
  const tell = () => run.observer.stepProgressed?.(execution(), { done, total, unit: 'partitions' })
  return {
    progressed: (id, counts) => {
      sum = addCounts(sum, differenceOf(counts, known.get(id) ?? NO_COUNTS))
      known.set(id, countsOf(counts))
      if (skipCount(sum) > limit.skips) limit.passed()
      tell()
    },
    chunkCommitted: (chunk) => run.observer.chunkCommitted?.(execution(), chunk),
    ended: (status) => {
      if (status === 'COMPLETED') done += 1
      tell()
    },
  }
}

/** Alone: what is handed over may be a whole execution, and there may be many. */
function countsOf(counts: StepCounts): StepCounts {
  return differenceOf(counts, NO_COUNTS)
}

function differenceOf(now: StepCounts, before: StepCounts): StepCounts {
  return {
    readCount: now.readCount - before.readCount,
    writeCount: now.writeCount - before.writeCount,
    filterCount: now.filterCount - before.filterCount,
    readSkipCount: now.readSkipCount - before.readSkipCount,
    processSkipCount: now.processSkipCount - before.processSkipCount,
    writeSkipCount: now.writeSkipCount - before.writeSkipCount,
    commitCount: now.commitCount - before.commitCount,
    rollbackCount: now.rollbackCount - before.rollbackCount,
  }
}
