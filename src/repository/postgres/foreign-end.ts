/** What a work may have done to the transaction that it was lent. */
import { BatchError } from '../../core/model/batch-error.ts'

/** Final: what the work wrote stands, whatever is done now. */
export function endedByWork(cause?: unknown): BatchError {
  return new BatchError(
    'WRITE_FAILED',
    'the work sent COMMIT or ROLLBACK in the transaction of its chunk, so what it wrote stands apart from the ' +
      "step's progress: leave the transaction to the job repository (savepoints are allowed)",
    { details: { outcome: 'unknown' }, cause },
  )
}

export function errorSwallowed(cause?: unknown): Error {
  return new Error(
    'a statement of the work failed and its error was not passed on, so that the transaction cannot be ' +
      'committed: let the error through, or wrap what may fail into a savepoint',
    { cause },
  )
}
