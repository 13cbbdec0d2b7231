/** The error of a step some of whose partitions have failed. */
import { BatchError } from '../../model/batch-error.ts'
import type { PartitionState } from '../../ports/partition-store.ts'

/** More would not be read, and a description holds 2,500 characters. */
const NAMED = 20

export function partitionsFailed(
  stepName: string,
  total: number,
  failed: readonly PartitionState[],
): BatchError {
  const named = failed.slice(0, NAMED).map(({ name }) => name)
  const more = failed.length > NAMED ? ` and ${failed.length - NAMED} more` : ''
  const [first] = failed
  const reason = first?.last?.exitStatus.exitDescription.split('\n')[0] ?? ''
  return new BatchError(
    'PARTITIONS_FAILED',
    `Step ${stepName}: ${failed.length} of ${total} partitions failed (${named.join(', ')}${more}). ` +
      `${first?.name}: ${reason} A restart goes on with those that are not complete.`,
    { details: { stepName, partitions: failed.slice(0, 100).map(({ name }) => name) } },
  )
}
