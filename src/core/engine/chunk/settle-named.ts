/** What becomes of the items that a writer has named as not written, while all others of its chunk are. */
import type { ItemFailure } from '../../ports/items-failed.ts'
import { undoesAll } from './commit-chunk.ts'
import { blame, type Rewrite, triedAgain, writeFailed } from './rewrite.ts'

/**
 * Those named are retried together, as far as they may be, else skipped. The others are written for good, or undone with them
 * and written again.
 * @throws BatchError what the step fails with; StoppedWhileWaiting
 */
export async function settleNamed(
  rewrite: Rewrite,
  error: unknown,
  named: readonly ItemFailure[],
): Promise<void> {
  const { faults } = rewrite.writing
  const rules = faults.retry.write
  const failures = failuresByOutput(rewrite, error, named)
  const retried = failures.find((failure) => rules.matches(failure.error))
  const again = retried !== undefined && (await triedAgain(rewrite, retried.error))
  const pending: number[] = []
  for (const failure of failures) {
    if (again && rules.matches(failure.error)) pending.push(failure.output)
    else if (faults.isSkippable('write', failure.error)) blame(rewrite, failure.output, failure.error)
    else throw writeFailed(rewrite, failure.error, [failure.output])
  }
  rewrite.pending = undoesAll(rewrite.writing.target) ? notGuilty(rewrite) : pending
}

/** Of each output the first failure that was named. */
function failuresByOutput(
  rewrite: Rewrite,
  error: unknown,
  named: readonly ItemFailure[],
): readonly { readonly output: number; readonly error: unknown }[] {
  const errors = new Map<number, unknown>()
  for (const failure of named) {
    const output = rewrite.pending[failure.index]
    // It names nothing of what it was given: which items are written is not known then.
    if (output === undefined) throw writeFailed(rewrite, error)
    if (!errors.has(output)) errors.set(output, failure.error)
  }
  return [...errors].map(([output, reason]) => ({ output, error: reason }))
}

function notGuilty({ chunk, guilty }: Rewrite): readonly number[] {
  return chunk.outputs.map((_, index) => index).filter((index) => !guilty.has(index))
}
