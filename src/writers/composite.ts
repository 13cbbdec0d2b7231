/** Writes each chunk with several writers. */
import { BatchError } from '../core/model/batch-error.ts'
import type { ItemWriter } from '../core/ports/item-writer.ts'
import { delegatingWriter } from '../delegation/delegating-writer.ts'
import type { Sharing } from '../delegation/delegating-sink.ts'

/**
 * Each writer gets the whole chunk, in their order. The guarantee is that of the weakest: with one that is
 * `at-least-once`, so is the whole. All are opened, restarted behind the same chunk, completed and closed with the step.
 *
 * @throws BatchError INVALID_WRITER_OPTIONS at once for an empty list
 */
export function compositeWriter<T>(writers: readonly ItemWriter<T>[]): ItemWriter<T> {
  if (writers.length === 0)
    throw new BatchError('INVALID_WRITER_OPTIONS', 'compositeWriter has no writers: give it at least one')
  return compositeOf(new Map(writers.map((one, index) => [String(index + 1), one as ItemWriter<unknown>])))
}

function compositeOf<T>(writers: ReadonlyMap<string, ItemWriter<unknown>>): ItemWriter<T> {
  const names = [...writers.keys()]
  const sharing: Sharing<T> = {
    exclusive: false,
    shares: (items) => {
      const indexes = items.map((_, index) => index)
      return { taken: names.map((name) => ({ name, items, indexes })), refused: [] }
    },
  }
  return delegatingWriter({ kind: 'composite', writers, sharing, withWriters: compositeOf<T> })
}
