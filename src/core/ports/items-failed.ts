/** How a writer says which items of a chunk it could not write. */
import { BatchError, isBatchError } from '../model/batch-error.ts'
import { causeChain, thrownText } from '../model/error-description.ts'

export interface ItemFailure {
  /** Of the item in the list that `write` was given. */
  readonly index: number
  readonly error: unknown
}

const FAILURES = Symbol.for('batchwright.itemsFailed')

/**
 * For a writer to throw: the items named are not written, and all others are, acknowledged. Those alone are then retried
 * or skipped. From a transactional writer, whose transaction is rolled back, it says where to look first.
 */
export function itemsFailed(failures: readonly ItemFailure[]): BatchError {
  const [first] = failures
  if (first === undefined) throw new RangeError('itemsFailed needs at least one failure')
  const others = failures.length === 1 ? '' : ` (and ${failures.length - 1} more)`
  const error = new BatchError(
    'WRITE_FAILED',
    `item ${first.index + 1} of the chunk could not be written${others}: ${thrownText(first.error)}`,
    { details: { itemIndexes: failures.map(({ index }) => index) }, cause: first.error },
  )
  Object.defineProperty(error, FAILURES, { value: failures })
  return error
}

/** What `itemsFailed` was given, also when its error has become a cause; undefined for any other error. */
export function failedItems(error: unknown): readonly ItemFailure[] | undefined {
  for (const one of causeChain(error)) {
    const failures = (one as { [FAILURES]?: readonly ItemFailure[] } | null)?.[FAILURES]
    if (failures !== undefined) return failures
  }
  return undefined
}

/**
 * The places where the items that an error blames stood in the list that was written: those of `itemsFailed`, or the one in
 * `details.itemIndex` of a WRITE_FAILED. A hint, that whoever looks for the guilty items begins with.
 */
export function suspectedItems(error: unknown): readonly number[] {
  const failures = failedItems(error)
  if (failures !== undefined) return failures.map(({ index }) => index)
  return causeChain(error).flatMap((one) => {
    const index = isBatchError(one, 'WRITE_FAILED') ? one.details['itemIndex'] : undefined
    return typeof index === 'number' ? [index] : []
  })
}
