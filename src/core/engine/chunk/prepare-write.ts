/** A write of outputs, as far as it can be made before its transaction. */
import type { ItemSink } from '../../ports/item-writer.ts'
import type { Transaction } from '../../ports/resource.ts'

export function prepareWrite(
  sink: ItemSink<unknown>,
  outputs: readonly unknown[],
): (transaction: Transaction) => Promise<void> {
  if (sink.prepare === undefined || outputs.length === 0)
    return (transaction) => sink.write(outputs, transaction)
  try {
    return sink.prepare(outputs)
  } catch (error) {
    return () => Promise.reject(error) // it is this chunk's failure, and the chunk before comes first
  }
}
