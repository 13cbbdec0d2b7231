/** A write of outputs, as far as it can be made before its transaction. */
import type { Transaction } from '../../ports/resource.ts'
import type { ChunkTarget } from './commit-chunk.ts'

/** What a `prepare` has thrown is the failure of a write that was never begun, so that there is nothing to undo. */
export function prepareWrite(
  { sink, call }: ChunkTarget,
  outputs: readonly unknown[],
): (transaction: Transaction) => Promise<void> {
  if (sink.prepare === undefined || outputs.length === 0) {
    return (transaction) => {
      call.begun = true
      return sink.write(outputs, transaction)
    }
  }
  try {
    const write = sink.prepare(outputs)
    return (transaction) => {
      call.begun = true
      return write(transaction)
    }
  } catch (error) {
    return () => Promise.reject(error) // it is this chunk's failure, and the chunk before comes first
  }
}
