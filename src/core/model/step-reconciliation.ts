/** What a chunk step has read, against what became of it. */
import type { ReconciledCounts, StepCounts } from './step-execution.ts'

/** `readCount = writeCount + filterCount + processSkipCount + writeSkipCount` */
export function isBalanced(counts: ReconciledCounts): boolean {
  const { readCount, writeCount, filterCount, processSkipCount, writeSkipCount } = counts
  return readCount === writeCount + filterCount + processSkipCount + writeSkipCount
}

/** `12 read are not 10 written + 1 filtered + 0 skipped in processing + 0 skipped in writing` */
export function describeBalance(counts: ReconciledCounts): string {
  const { readCount, writeCount, filterCount, processSkipCount, writeSkipCount } = counts
  const relation = isBalanced(counts) ? 'are' : 'are not'
  return (
    `${readCount} read ${relation} ${writeCount} written + ${filterCount} filtered + ` +
    `${processSkipCount} skipped in processing + ${writeSkipCount} skipped in writing`
  )
}

export function reconciledCounts(counts: StepCounts): ReconciledCounts {
  const { readCount, writeCount, filterCount, processSkipCount, writeSkipCount, readSkipCount } = counts
  return { readCount, writeCount, filterCount, processSkipCount, writeSkipCount, readSkipCount }
}
