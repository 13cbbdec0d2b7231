/** The skip limit of a partitioned step as a whole: a number counts over all partitions together. */
import type { PartitionedStepDefinition } from '../../definition/step-definition.ts'
import { skipCount } from '../../model/step-execution.ts'
import type { PlanState } from '../../ports/partition-store.ts'
import { limitPassed } from '../chunk/skip-room.ts'
import type { StepRun } from '../step-run.ts'

/**
 * A share needs no more than each partition's own check: where each keeps it, all together do. Within a partition a number is
 * checked against that partition alone, so that no commit waits for another; here it is against the sum.
 */
function limitOf({ chunk }: PartitionedStepDefinition): number | undefined {
  const limit = chunk.options.skip?.limit
  return typeof limit === 'number' ? limit : undefined
}

/**
 * How many more may be skipped, before any partition is begun.
 * @throws BatchError SKIP_LIMIT_EXCEEDED where earlier executions have passed it
 */
export async function skipsLeft(
  run: StepRun,
  definition: PartitionedStepDefinition,
  find: () => Promise<PlanState>,
): Promise<number> {
  const limit = limitOf(definition)
  if (limit === undefined) return Infinity
  const state = await find()
  judgeSkips(run, definition, state)
  return limit - skipCount(state.counts)
}

/** @throws BatchError SKIP_LIMIT_EXCEEDED */
export function judgeSkips(
  run: Pick<StepRun, 'stepName'>,
  definition: PartitionedStepDefinition,
  { counts, incomplete }: PlanState,
): void {
  const limit = limitOf(definition)
  const skips = skipCount(counts)
  if (limit === undefined || skips <= limit) return
  const reads = counts.readCount + counts.readSkipCount
  throw limitPassed(
    run,
    limit,
    { skips, reads },
    incomplete.count === 0
      ? 'All others are written; a restart with a higher limit completes the step.'
      : `What was begun is written; a restart with a higher limit goes on with the ${incomplete.count} partitions that are not complete.`,
  )
}
