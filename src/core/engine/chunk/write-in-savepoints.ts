/** A chunk that is written again in savepoints of one transaction: as a whole, and then in parts, for the guilty items. */
import { isTransactionFault } from '../../model/transient-error.ts'
import { suspectedItems } from '../../ports/items-failed.ts'
import type { Transaction } from '../../ports/resource.ts'
import type { WriteAttempt } from './commit-chunk.ts'
import { findGuilty, type PartFailure } from './find-guilty.ts'
import { prepareWrite } from './prepare-write.ts'
import { blame, decided, outputsOf, resultOf, type Rewrite, throwIfFinal, triedAgain } from './rewrite.ts'

/**
 * As a whole, as often as it may be retried at once, and then in parts. `known`: the whole has failed already and is not to
 * be tried again. Retries that need a wait, and what is about the transaction, end the transaction.
 */
export function inSavepoints(rewrite: Rewrite, known: { readonly error: unknown } | undefined): WriteAttempt {
  const places = rewrite.pending.filter((index) => !rewrite.guilty.has(index))
  rewrite.inParts = true
  const write = (transaction: Transaction): Promise<void> =>
    findGuilty(places, known, {
      tryPart: (part) => tryPart(rewrite, transaction, part),
      suspects: suspectedItems,
      isGuilty: (place, error) => blame(rewrite, place, error),
    })
  return {
    pipelined: false,
    write: places.length === 0 ? undefined : write,
    result: () => resultOf(rewrite),
  }
}

async function tryPart(
  rewrite: Rewrite,
  transaction: Transaction,
  part: readonly number[],
): Promise<PartFailure | undefined> {
  const { run, target, faults } = rewrite.writing
  const { sink } = target
  const outputs = outputsOf(rewrite, part)
  const rules = faults.retry.write
  for (;;) {
    await rewrite.breathe()
    run.scope.signal.throwIfAborted()
    const undo = sink.savepoint?.()
    let isLate = false
    try {
      await transaction.savepoint(async () => {
        await prepareWrite(target, outputs)(transaction)
        isLate = true
      })
      return undefined
    } catch (error) {
      throwIfFinal(rewrite, error)
      if (isTransactionFault(error)) throw error
      await undo?.()
      if (rules.waits && rewrite.attempt < rules.attempts && rules.matches(error)) throw error
      if (await triedAgain(rewrite, error)) continue
      if (!faults.isSkippable('write', error)) throw decided(rewrite, error, part)
      return { error, isLate }
    }
  }
}
