/** Marks failures that the flow has dealt with, so that a restart does not run them again. */
import type { StepExecution } from '../../model/step-execution.ts'
import type { JobRun } from '../job-run.ts'

/** ABANDONED keeps its exit code: on a restart the same transition is taken. @throws BatchError LEASE_LOST */
export async function abandonFailures(
  { repository, launched, history }: JobRun,
  failures: readonly StepExecution[],
): Promise<void> {
  for (const failure of failures) {
    await repository.abandonStep(launched.claim, failure.id)
    history.change({ ...failure, status: 'ABANDONED', version: failure.version + 1 })
  }
}
