/** The aggregation of a partitioned step: once, in the transaction that commits that it was done. */
import type { PartitionedStepDefinition } from '../../definition/step-definition.ts'
import { type ExecutionContext, TASKLET_DONE_KEY } from '../../model/execution-context.ts'
import type { ExitStatus } from '../../model/exit-status.ts'
import type { PartitionResult } from '../../model/partition.ts'
import type { PartitionState } from '../../ports/partition-store.ts'
import { authorsEntries, ownEntries } from '../own-entries.ts'
import { heedStopRequest } from '../run-control.ts'
import type { StepRun } from '../step-run.ts'

/** When the process dies right behind the commit, the restart finds the mark and does not call it again. */
export async function aggregatePartitions(
  run: StepRun,
  aggregate: NonNullable<PartitionedStepDefinition['aggregate']>,
  states: readonly PartitionState[],
  end: ExitStatus,
): Promise<void> {
  const partitions = states.map(resultOf)
  const contextAfter = (): ExecutionContext => ({
    ...run.scope.stepContext.values(),
    ...ownEntries(run.ledger.context()),
    [TASKLET_DONE_KEY]: { ...end },
  })
  const { jobStatus } = await run.session.commit({
    pipelined: false,
    work: async (transaction) => {
      await aggregate({ ...run.scope, transaction, partitions })
      run.control.abort.throwIfAborted()
    },
    progress: () => ({ counts: run.ledger.counts(), executionContext: contextAfter() }),
  })
  run.ledger.committed({}, { step: contextAfter(), job: run.scope.jobContext.values() })
  heedStopRequest(run.control, jobStatus)
}

function resultOf({ name, value, counts, last }: PartitionState): PartitionResult {
  const stored = last?.executionContext
  return { name, value, counts, context: stored?.kind === 'readable' ? authorsEntries(stored.values) : {} }
}
