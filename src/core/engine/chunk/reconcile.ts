/** At the end of a chunk step: has every item that was read become something? */
import { BatchError } from '../../model/batch-error.ts'
import { addCounts } from '../../model/step-execution.ts'
import { describeBalance, isBalanced, reconciledCounts } from '../../model/step-reconciliation.ts'
import type { StepRun } from '../step-run.ts'

/**
 * The counts of this execution always, and with those of the earlier ones where all of them are ours: Spring counts the
 * reads of a chunk that was rolled back. The sums are recorded with the step's end, whatever they say.
 * @throws BatchError RECONCILIATION_FAILED naming the numbers
 */
export function reconcile({ stepName, session, ledger, earlierCounts, reconcilesEarlier }: StepRun): void {
  const own = reconciledCounts(ledger.counts())
  const totals = reconciledCounts(addCounts(earlierCounts, ledger.counts()))
  const checked = reconcilesEarlier ? [own, totals] : [own]
  const wrong = checked.find((counts) => !isBalanced(counts))
  ledger.reconciled({ totals, isBalanced: wrong === undefined })
  if (wrong === undefined) return
  const whose = wrong === own ? 'of this execution' : 'over the whole instance'
  throw new BatchError(
    'RECONCILIATION_FAILED',
    `The counts of step ${stepName} do not add up: ${whose}, ${describeBalance(wrong)}. What was committed stands, but items were ` +
      'lost or counted twice: keep the execution, compare its output with its input, and do not rely on it.',
    { details: { stepName, stepExecutionId: session.stepExecution.id, own, totals } },
  )
}
