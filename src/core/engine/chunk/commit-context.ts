/** Commits entries of the step's context without a chunk. */
import type { ExecutionContext } from '../../model/execution-context.ts'
import { addCounts } from '../../model/step-execution.ts'
import type { StepRun } from '../step-run.ts'

export async function commitContext({ session, ledger }: StepRun, entries: ExecutionContext): Promise<void> {
  const context = { ...ledger.context(), ...entries }
  const contribution = { commitCount: 1 }
  const counts = addCounts(ledger.counts(), contribution)
  const progress = () => ({ counts, executionContext: context })
  await session.commit({ pipelined: false, work: async () => {}, progress })
  ledger.committed(contribution, { step: context, job: ledger.jobContext() })
}
