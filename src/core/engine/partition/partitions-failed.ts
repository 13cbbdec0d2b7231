/** The error of a step some of whose partitions have failed. */
import { BatchError } from '../../model/batch-error.ts'
import type { PlanState } from '../../ports/partition-store.ts'

/** More would not be read, and a description holds 2,500 characters. */
const NAMED = 20

export function partitionsFailed(
  stepName: string,
  { total, failed: { count, names, firstReason } }: PlanState,
): BatchError {
  const named = names.slice(0, NAMED).join(', ')
  const more = count > NAMED ? ` and ${count - NAMED} more` : ''
  const [reason = ''] = firstReason.split('\n')
  return new BatchError(
    'PARTITIONS_FAILED',
    `Step ${stepName}: ${count} of ${total} partitions failed (${named}${more}). ` +
      `${names[0]}: ${reason.replace(/\.$/, '')}. A restart goes on with those that are not complete.`,
    { details: { stepName, partitions: names } },
  )
}
